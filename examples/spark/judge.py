"""Judge JSON Lines on Spark: each partition is piped through an iamlint of its own.

    python judge.py policies.ndjson results/ [--compare] [-- MORE ARGUMENTS OF iamlint check]

Writes the results as text, in the order of the input, and prints how many findings each rule has. With --compare it
also judges the input with one process and says whether the results are the same.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

from pyspark import SparkConf, SparkContext

# Spark takes an exit code other than 0 for a failed task, and findings are none. Each task has one processor.
CHECK = ["check", "--input-format", "ndjson", "--format", "ndjson", "--fail-on", "never", "--quiet"]
ENVIRONMENT = {"RAYON_NUM_THREADS": "1"}
LINE = re.compile(r'"line":[0-9]+,"findings"')


def main():
    arguments = parse(sys.argv[1:])
    command = [arguments.iamlint, *CHECK, *arguments.more, "-"]
    configuration = SparkConf().setAppName("iamlint").setIfMissing("spark.master", arguments.master)
    context = SparkContext(conf=configuration.set("spark.ui.showConsoleProgress", "false"))
    context.setLogLevel("WARN")
    try:
        started = time.monotonic()
        lines = context.textFile(arguments.input, arguments.partitions)
        # A task that could not do its job, exit code 2, fails.
        results = lines.pipe(shlex.join(command), env={**os.environ, **ENVIRONMENT}, checkCode=True)
        results.saveAsTextFile(arguments.output)
        seconds = time.monotonic() - started
        saved = context.textFile(arguments.output).map(json.loads)
        policies = saved.map(lambda result: result["policies"]).sum()
        rules = saved.flatMap(lambda result: [finding["rule"] for finding in result["findings"]]).countByValue()
    finally:
        context.stop()
    print(f"{policies} policies, {sum(rules.values())} findings")
    for rule, count in sorted(rules.items()):
        print(f"{count:>8}  {rule}")
    print(f"Spark: {seconds:.1f} s, {policies / seconds:.0f} policies per second", file=sys.stderr)
    return compare(arguments, command) if arguments.compare else 0


def parse(words):
    more = words[words.index("--") + 1 :] if "--" in words else []
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("input", help="a file or folder of JSON Lines, as Spark names it")
    parser.add_argument("output", help="the folder that is made for the results")
    parser.add_argument("--iamlint", default=shutil.which("iamlint") or "iamlint", help="the program on every worker")
    parser.add_argument("--master", default="local[2]", help="the cluster, unless spark-submit names it")
    parser.add_argument("--partitions", type=int, default=8, help="into how many parts the input goes at least")
    parser.add_argument("--compare", action="store_true", help="judge the input, a local file, with one process too")
    arguments = parser.parse_args(words[: words.index("--")] if "--" in words else words)
    arguments.more = more
    return arguments


def compare(arguments, command):
    """Whether one process writes the same, but for the numbers of lines: a partition counts its own."""
    started = time.monotonic()
    total = 0
    with open(arguments.input, "rb") as lines:
        process = subprocess.Popen(command, stdin=lines, stdout=subprocess.PIPE, encoding="utf-8")
        spark = (line for part in sorted(Path(arguments.output).glob("part-*")) for line in open(part, encoding="utf-8"))
        for one in process.stdout:
            total += 1
            other = next(spark, "nothing")
            if LINE.sub("", one) != LINE.sub("", other):
                process.kill()
                print(f"different in result {total}:\n  one process: {one}  Spark:       {other}")
                return 1
        if process.wait() != 0 or next(spark, None) is not None:
            print(f"one process ends with {process.returncode} after {total} results")
            return 1
    print(f"one process: the same {total} results")
    print(f"one process: {time.monotonic() - started:.1f} s with the comparison", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
