use super::*;
use crate::rules::options::OptionDefault;
use std::fs;
use std::path::Path;

const fn spec(name: &'static str, default: OptionDefault) -> OptionSpec {
    OptionSpec { name, default, help: "help", min: None, max: None }
}

static OPTIONS: [OptionSpec; 5] = [
    OptionSpec { min: Some(1.0), max: Some(12.0), ..spec("max-hours", OptionDefault::Int(4)) },
    spec("ratio", OptionDefault::Float(0.5)),
    spec("deep", OptionDefault::Bool(false)),
    spec("name", OptionDefault::Text("x")),
    spec("hosts", OptionDefault::List(&["a", "b"])),
];

fn known() -> KnownRules<'static> {
    KnownRules {
        ids: &["wildcard-principal", "missing-external-id", "session-duration"],
        families: &["trust", "session"],
        aliases: &[("any-principal", "wildcard-principal")],
        options: |rule| if rule == "session-duration" { &OPTIONS } else { &[] },
    }
}

fn parse(text: &str) -> Result<Config, String> {
    let found = file::parse(Source::new("iamlint.toml", text), "/repo".into(), file::Place::Whole, &known());
    match found {
        Ok(config) => Ok(config.expect("a whole file is a configuration")),
        Err((source, problems)) => Err(ConfigError { path: "iamlint.toml".into(), source, problems }.to_string()),
    }
}

fn good(text: &str) -> Config {
    parse(text).unwrap_or_else(|problems| panic!("{text}\n{problems}"))
}

/// The problems of a text, one per line, without the name of the file.
fn problems(text: &str) -> String {
    parse(text).map(|_| ()).expect_err(text).replace("iamlint.toml:", "")
}

fn names(list: &[Spanned<String>]) -> Vec<&str> {
    list.iter().map(|name| name.value.as_str()).collect()
}

const FULL: &str = r#"
profile = "strict"
select = ["trust", "session-duration"]
extend-select = ["session"]
extend-ignore = ["trust"]
exclude = ["**/fixtures/**", "vendor"]
fail-on = "never"
fail-on-unjudged = ["not-looked-at"]
min-severity = "medium"
baseline = "accepted.toml"
ignore = [
    "missing-external-id",
    { rule = "wildcard-principal", path = "dumps/*.json", resource = "arn:aws:iam::111122223333:role/old", sid = "S",
      subject = "*", reason = "it is a \"honeypot\"", until = 2027-03-31 },
]

[org]
accounts = ["111122223333"]
trusted-accounts = { "777788889999" = "vendor: backup", 000000000001 = "" }
org-id = "o-exampleorg"
oidc = { "token.actions.githubusercontent.com" = ["repo:example-org/*"] }

[rules.session-duration]
severity = "critical"
ignorable = false
max-hours = 1_2
ratio = 1
deep = true
name = "y"
hosts = ["c"]

[[override]]
paths = ["sandbox/**"]
select = ["trust"]
extend-select = ["session"]
ignore = ["session-duration"]
severity = { wildcard-principal = "low" }
fail-on = "critical"
min-severity = "high"
profile = "audit"

[[override]]
paths = ["x"]
"#;

#[test]
fn every_key_is_read() {
    let config = good(FULL);
    assert_eq!(config.profile, Audience::Strict);
    assert_eq!(names(&config.select), ["trust", "session-duration"]);
    assert_eq!(names(&config.extend_select), ["session"]);
    assert_eq!(names(&config.ignore), ["trust", "missing-external-id"]);
    assert_eq!(config.exclude, ["**/fixtures/**", "vendor"]);
    assert_eq!(config.fail_on, FailOn::Never);
    assert_eq!(config.min_severity, Severity::Medium);
    assert_eq!(config.baseline.as_deref(), Some("accepted.toml"));
    assert_eq!(config.org.accounts, ["111122223333"]);
    assert_eq!(config.org.trusted_accounts["777788889999"], "vendor: backup");
    assert_eq!(config.org.trusted_accounts["000000000001"], "");
    assert_eq!(config.org.org_id.as_deref(), Some("o-exampleorg"));
    assert_eq!(config.org.oidc["token.actions.githubusercontent.com"], ["repo:example-org/*"]);

    let rule = &config.rules["session-duration"];
    assert_eq!(rule.severity, Some(Severity::Critical));
    assert_eq!(rule.ignorable, Some(false));
    assert!(!config.ignorable("session-duration") && config.ignorable("wildcard-principal"));
    let set: Vec<OptionValue> = OPTIONS.iter().map(|spec| config.option("session-duration", spec)).collect();
    let expected = [
        OptionValue::Int(12),
        OptionValue::Float(1.0),
        OptionValue::Bool(true),
        OptionValue::Text("y".to_owned()),
        OptionValue::List(vec!["c".to_owned()]),
    ];
    assert_eq!(set, expected);

    let [first, second] = &config.overrides[..] else { panic!("two overrides") };
    assert_eq!(names(&first.paths), ["sandbox/**"]);
    assert_eq!((names(&first.select), names(&first.extend_select)), (vec!["trust"], vec!["session"]));
    assert_eq!(names(&first.ignore), ["session-duration"]);
    assert_eq!(first.severity["wildcard-principal"], Severity::Low);
    assert_eq!((first.profile, second.profile), (Some(Audience::Audit), None));
    assert_eq!((first.fail_on, first.min_severity), (Some(FailOn::At(Severity::Critical)), Some(Severity::High)));
    assert_eq!((second.fail_on, second.min_severity, second.select.len()), (None, None, 0));

    let ignore = &config.ignores[0];
    assert_eq!(ignore.rule.value, "wildcard-principal");
    let parts = [&ignore.path, &ignore.resource, &ignore.sid, &ignore.subject].map(|part| part.clone().unwrap().value);
    assert_eq!(parts, ["dumps/*.json", "arn:aws:iam::111122223333:role/old", "S", "*"]);
    assert_eq!(ignore.reason.value, "it is a \"honeypot\"");
    assert_eq!(ignore.until.as_ref().unwrap().value, Date { year: 2027, month: 3, day: 31 });
    let source = config.source.as_ref().unwrap();
    assert_eq!(source.slice(ignore.until.as_ref().unwrap().span), "2027-03-31");
    assert_eq!(source.slice(config.select[1].span), "\"session-duration\"");
    assert_eq!(source.slice(rule.options["max-hours"].span), "1_2");
}

/// A key of the schema that the reader forgets would be accepted and have no effect.
#[test]
fn every_key_of_the_schema_is_in_the_full_example() {
    for key in schema::KEYS {
        let written = [format!("\n{} = ", key.name), format!(" {} = ", key.name), format!("[{}", key.name)];
        assert!(written.iter().any(|text| FULL.contains(text.as_str())), "{}", key.name);
    }
}

#[test]
fn the_defaults_are_those_of_the_schema() {
    let mut text = String::new();
    for table in [schema::Table::Root, schema::Table::Org] {
        for key in schema::keys(table) {
            text.extend(key.default.map(|default| format!("{} = {default}\n", key.name)));
        }
        text.push_str(if table == schema::Table::Root { "[org]\n" } else { "" });
    }
    let (set, unset) = (good(&text), good(""));
    let shown = |config: &Config| {
        let text = config.to_toml(&known());
        text.lines().map(|line| line.split("  #").next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(shown(&set), shown(&unset));
    assert_eq!(unset.fail_on, FailOn::At(Severity::Low));
}

#[test]
fn lists_of_trusted_accounts_and_ignore_tables() {
    let config =
        good("[[ignore]]\nrule = 'session-duration'\nreason = 'r'\n[org]\ntrusted-accounts = ['111122223333']");
    assert_eq!(config.org.trusted_accounts["111122223333"], "");
    assert_eq!(config.ignores.len(), 1);
    assert_eq!(config.source.as_ref().unwrap().position(config.ignores[0].span.start).line, 1);
    let config = good("\u{feff}profile = 'audit'");
    assert_eq!(config.profile, Audience::Audit);
    let Some(Origin::File(span)) = config.origins.get("profile") else { panic!("it is in the file") };
    assert_eq!(config.source.as_ref().unwrap().slice(*span), "profile", "a byte order mark moves nothing");
}

#[test]
fn unknown_names_are_told_with_what_was_meant() {
    let cases = [
        ("fail_on = 'low'", "1:1: unknown key `fail_on`\n  help: did you mean `fail-on`?"),
        ("\n[orgs]\n", "2:2: unknown key `orgs`\n  help: did you mean `org`?"),
        ("[org]\naccount = []", "2:1: unknown key `org.account`\n  help: did you mean `accounts`?"),
        (
            "[[override]]\npaths=['a']\nzzz = 1",
            "3:1: unknown key `override.zzz`\n  help: known keys: `paths`, `select`, `extend-select`, `ignore`, `profile`, `severity`, `fail-on`, `min-severity`",
        ),
        (
            "[wildcard-principal]",
            "1:2: unknown key `wildcard-principal`\n  help: the settings of a rule stand in `[rules.wildcard-principal]`",
        ),
        (
            "[rules.session-duration]\nmax-hour = 1",
            "2:1: unknown key `rules.session-duration.max-hour`\n  help: did you mean `max-hours`?",
        ),
        (
            "[rules.wildcard-principle]",
            "1:8: there is no rule `wildcard-principle`\n  help: did you mean `wildcard-principal`?",
        ),
        ("[rules.trust]", "1:8: there is no rule `trust`\n  help: it is a family; name one rule"),
        ("select = ['turst']", "1:11: there is no rule or family `turst`\n  help: did you mean `trust`?"),
        (
            "ignore = ['nothing-like-it']",
            "1:11: there is no rule or family `nothing-like-it`\n  help: `iamlint rules` lists every rule and family",
        ),
        ("fail-on = 'hihg'", "1:11: `fail-on` cannot be `hihg`\n  help: did you mean `high`?"),
        (
            "profile = 'paranoid'",
            "1:11: `profile` cannot be `paranoid`\n  help: possible values: `default`, `strict`, `audit`",
        ),
        (
            "min-severity = 'never'",
            "1:16: `min-severity` cannot be `never`\n  help: possible values: `info`, `low`, `medium`, `high`, `critical`",
        ),
        (
            "[[override]]\npaths=['a']\nseverity = { wildcard-principal = 'hi' }",
            "3:35: `override.severity.wildcard-principal` cannot be `hi`\n  help: possible values: `info`, `low`, `medium`, `high`, `critical`",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(problems(text), expected, "{text}");
    }
}

#[test]
fn wrong_types_are_told_at_the_value() {
    let cases = [
        (
            "select = 'trust'",
            "1:10: `select` must be a list of rules and families, not a string\n  help: write `[\"trust\"]`",
        ),
        ("exclude = [1]", "1:12: `exclude[0]` must be a string, not an integer"),
        ("org = []", "1:7: `org` must be a table, not a list"),
        ("rules = ['x']", "1:9: `rules` must be a table, not a list"),
        ("[rules]\nwildcard-principal = true", "2:22: `rules.wildcard-principal` must be a table, not a boolean"),
        ("profile = 1.5", "1:11: `profile` must be a string, not a float"),
        ("ignore = [2027-01-01]", "1:11: `ignore[0]` must be a string, not a date"),
        (
            "[rules.wildcard-principal]\nignorable = 'no'",
            "2:13: `rules.wildcard-principal.ignorable` must be `true` or `false`, not a string",
        ),
        (
            "[rules.session-duration]\nmax-hours = '4'",
            "2:13: `rules.session-duration.max-hours` must be an integer, not a string",
        ),
        ("[rules.session-duration]\nratio = 'x'", "2:9: `rules.session-duration.ratio` must be a number, not a string"),
        (
            "[rules.session-duration]\nhosts = 1",
            "2:9: `rules.session-duration.hosts` must be a list of strings, not an integer",
        ),
        ("[rules.session-duration]\nratio = inf", "2:9: the number of `rules.session-duration.ratio` is out of range"),
        (
            "[rules.session-duration]\nmax-hours = 99",
            "2:13: `rules.session-duration.max-hours` must be at most 12\n  help: help",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(problems(text), expected, "{text}");
    }
}

#[test]
fn values_that_cannot_be_are_told() {
    let cases = [
        (
            "[org]\naccounts = [111122223333]",
            "2:13: an account id must be a string, not an integer\n  help: put it in quotes: `\"111122223333\"`",
        ),
        (
            "[org]\naccounts = ['1111-2222-3333']",
            "2:13: `1111-2222-3333` is not an account id\n  help: an account id has 12 digits",
        ),
        (
            "[org]\ntrusted-accounts = { 12 = '' }",
            "2:22: `12` is not an account id\n  help: an account id has 12 digits",
        ),
        (
            "[org]\norg-id = 'o-1'",
            "2:10: `o-1` is not the id of an organization\n  help: it is `o-` and then 10 to 32 lower case letters or digits",
        ),
        (
            "[org.oidc]\n'https://a.b/c' = ['x']",
            "2:1: the issuer `https://a.b/c` has a scheme\n  help: condition keys have none: write `a.b/c`",
        ),
        ("exclude = ['ok', '[a']", "1:18: the path pattern `[a` cannot be read: unclosed character class; missing ']'"),
        (
            "select = []",
            "1:10: `select` is empty, so no rule would run\n  help: leave it out for every rule of the profile",
        ),
        ("[[override]]\npaths = []", "2:9: `override.paths` names no path"),
        ("\n[[override]]\nfail-on = 'low'", "2:1: `override.paths` is missing\n  help: the paths that this is for"),
        ("[[ignore]]\nrule = 'wildcard-principal'", "1:1: `ignore.reason` is missing\n  help: why this is right"),
        ("[[ignore]]\nrule = 'wildcard-principal'\nreason = ' '", "3:10: `ignore.reason` is blank"),
        (
            "[[ignore]]\nrule = 'wildcard-principal'\nreason = 'r'\nuntil = '2027-01-01'",
            "4:9: `ignore.until` must be a date, not a string\n  help: write the day without quotes and without a time: `2027-03-31`",
        ),
        (
            "[[ignore]]\nrule = 'wildcard-principal'\nreason = 'r'\nuntil = 2027-01-01T00:00:00Z",
            "4:9: `ignore.until` must be a date, not a time\n  help: write the day without quotes and without a time: `2027-03-31`",
        ),
        (
            "[[ignore]]\nrule = 'session-duration'\nreason = 'r'\n[rules.session-duration]\nignorable = false",
            "2:8: `session-duration` may not be silenced\n  help: `rules.session-duration.ignorable` is `false`",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(problems(text), expected, "{text}");
    }
}

#[test]
fn every_problem_is_told_in_the_order_of_the_file() {
    let found = problems("select = ['turst']\nfail-on = 3\n[org]\naccounts = ['1', 2]\nx = 1\n");
    let places: Vec<&str> = found.lines().filter(|line| !line.starts_with(' ')).map(|line| &line[..4]).collect();
    assert_eq!(places, ["1:11", "2:11", "4:13", "4:18", "5:1:"]);
}

#[test]
fn texts_that_are_no_toml() {
    assert!(problems("profile = \n").starts_with("1:11: "), "{}", problems("profile = \n"));
    let twice = problems("ignore = ['trust']\n[[ignore]]\nrule = 'wildcard-principal'\nreason = 'r'");
    assert!(twice.starts_with("2:3: duplicate key"), "{twice}");
    assert!(twice.contains("call the list `extend-ignore`"), "{twice}");
    let zeros = problems("[org]\naccounts = [012345678901]");
    assert!(zeros.starts_with("2:13: ") && zeros.contains("put it in quotes"), "{zeros}");
    assert!(problems("[[ignore]]\nuntil = 2027-02-30").starts_with("2:"));
    assert!(problems(&format!("x = {}", "[".repeat(100_000))).starts_with("1:"));
}

#[test]
fn former_names_are_read_and_told() {
    let config = good("ignore = ['any-principal']\n[rules.any-principal]\nseverity = 'low'");
    assert_eq!(names(&config.ignore), ["wildcard-principal"]);
    assert_eq!(config.rules["wildcard-principal"].severity, Some(Severity::Low));
    assert_eq!(config.warnings.len(), 2);
    assert_eq!(config.warnings[0].message, "the rule `any-principal` is called `wildcard-principal` today");
    let twice = problems("[rules.any-principal]\n[rules.wildcard-principal]\n");
    assert_eq!(twice, "2:8: the settings of `wildcard-principal` stand here twice, once under a former name");
}

#[test]
fn what_is_shown_means_the_same() {
    let config = good(FULL);
    let shown = config.to_toml(&known());
    assert!(shown.starts_with("profile = \"strict\"  # iamlint.toml:2\n"), "{shown}");
    assert!(shown.contains("max-hours = 12  # iamlint.toml:26\n"), "{shown}");
    let again = good(&shown);
    let bare = |text: &str| text.lines().map(|line| line.split("  #").next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(bare(&again.to_toml(&known())), bare(&shown));
    assert_eq!(again.ignores[0].reason.value, config.ignores[0].reason.value);
    assert_eq!(again.overrides[0].severity, config.overrides[0].severity);
    assert_eq!(again.org, config.org);
}

#[test]
fn defaults_and_flags_are_shown_as_such() {
    let mut config = Config::new("/repo");
    config.fail_on = FailOn::At(Severity::High);
    config.origins.insert("fail-on".to_owned(), Origin::Flag("--fail-on"));
    let shown = config.to_toml(&known());
    assert!(shown.contains("fail-on = \"high\"  # --fail-on\n"));
    assert!(shown.contains("min-severity = \"info\"  # default\n"));
    assert!(shown.contains("[rules.session-duration]\nmax-hours = 4  # default\n"));
}

#[test]
fn fail_on_compares_severities() {
    assert!(FailOn::At(Severity::Medium).fails(Severity::High));
    assert!(!FailOn::At(Severity::Medium).fails(Severity::Low));
    assert!(!FailOn::Never.fails(Severity::Critical));
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// The profile that a search from `here` finds, and where.
fn search(here: &Path) -> (Audience, Option<String>) {
    let config = load(Choice::Search, here, &known()).unwrap();
    (config.profile, config.source.map(|source| source.path))
}

#[test]
fn the_search_goes_up_to_the_root_of_the_repository() {
    let temp = tempfile::tempdir().unwrap();
    write(temp.path(), "iamlint.toml", "profile = 'audit'");
    write(temp.path(), "repo/.git/HEAD", "");
    write(temp.path(), "repo/a/b/x", "");
    let repo = temp.path().join("repo");
    assert_eq!(search(&repo.join("a/b")), (Audience::Default, None), "what is above the repository does not count");
    write(&repo, "iamlint.toml", "profile = 'strict'");
    assert_eq!(search(&repo.join("a/b")), (Audience::Strict, Some("../../iamlint.toml".to_owned())));
    assert_eq!(load(Choice::Search, &repo.join("a/b"), &known()).unwrap().base, repo);
    // The nearest wins, and a `pyproject.toml` counts where it speaks of iamlint.
    write(&repo, "a/b/pyproject.toml", "[project]\nname = 'iamlint-user'");
    write(&repo, "a/pyproject.toml", "[tool.iamlint]\nprofile = 'audit'");
    assert_eq!(search(&repo.join("a/b")), (Audience::Audit, Some("../pyproject.toml".to_owned())));
    write(&repo, "a/iamlint.toml", "");
    assert_eq!(search(&repo.join("a/b")), (Audience::Default, Some("../iamlint.toml".to_owned())));
}

#[test]
fn one_file_or_none() {
    let temp = tempfile::tempdir().unwrap();
    let here = temp.path();
    write(here, "iamlint.toml", "profile = 'nonsense'");
    write(here, "other/policy.toml", "profile = 'strict'");
    assert_eq!(load(Choice::Isolated, here, &known()).unwrap().profile, Audience::Default);
    let named = load(Choice::File(Path::new("other/policy.toml")), here, &known()).unwrap();
    assert_eq!((named.profile, named.base.as_path()), (Audience::Strict, here));
    let error = load(Choice::Search, here, &known()).unwrap_err();
    assert_eq!(error.path, here.join("iamlint.toml"));
    assert!(error.to_string().starts_with("iamlint.toml:1:11: `profile` cannot be `nonsense`"), "{error}");
    let error = load(Choice::File(Path::new("none.toml")), here, &known()).unwrap_err();
    assert_eq!(error.to_string(), "none.toml:1:1: no such file or directory");
}

#[test]
fn pyproject_files() {
    let temp = tempfile::tempdir().unwrap();
    let here = temp.path();
    let message = |text: &str| {
        write(here, "pyproject.toml", text);
        load(Choice::Search, here, &known()).map(|config| config.profile).map_err(|error| error.to_string())
    };
    assert_eq!(message("[tool.other]\nx = 1\n[tool.iamlint]\nprofile = 'strict'"), Ok(Audience::Strict));
    assert_eq!(message("[tool"), Ok(Audience::Default), "broken, and not our business");
    assert!(message("[tool.iamlint").is_err(), "broken, and ours");
    let unknown = "pyproject.toml:2:1: unknown key `profil`\n  help: did you mean `profile`?";
    assert_eq!(message("[tool.iamlint]\nprofil = 'x'"), Err(unknown.to_owned()));
    assert_eq!(
        message("tool.iamlint = 1"),
        Err("pyproject.toml:1:16: `iamlint` must be a table, not an integer".to_owned())
    );
    write(here, "pyproject.toml", "[tool.other]");
    let error = load(Choice::File(Path::new("pyproject.toml")), here, &known()).unwrap_err();
    assert_eq!(error.to_string(), "pyproject.toml:1:1: the file has no `[tool.iamlint]` table");
}

#[cfg(unix)]
#[test]
fn a_configuration_that_cannot_be_read_is_an_error() {
    let temp = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("nowhere", temp.path().join("iamlint.toml")).unwrap();
    assert!(load(Choice::Search, temp.path(), &known()).is_err());
    fs::remove_file(temp.path().join("iamlint.toml")).unwrap();
    fs::create_dir(temp.path().join("iamlint.toml")).unwrap();
    let error = load(Choice::Search, temp.path(), &known()).unwrap_err();
    assert!(error.to_string().contains("not a regular file"), "{error}");
}

#[test]
fn ignore_tables_are_written_where_toml_lets_them_stand() {
    let new = |rule: &str| NewIgnore {
        path: "./a.json".to_owned(),
        rule: rule.to_owned(),
        resource: None,
        sid: Some("A \"B\"".to_owned()),
        subject: None,
        reason: "why".to_owned(),
    };
    let written = |path: &str, text: &str| {
        let read = |text: &str| {
            let place = if path == "pyproject.toml" { file::Place::ToolTable } else { file::Place::Whole };
            file::parse(Source::new(path, text), "/repo".into(), place, &known()).unwrap().unwrap()
        };
        let config = read(text);
        let new_text = config.with_ignores(&[new("wildcard-principal"), new("session-duration")]).unwrap();
        let again = config.reread(new_text.clone(), &known()).unwrap();
        assert_eq!(again.ignores.len(), config.ignores.len() + 2, "{new_text}");
        assert_eq!(names(&again.ignore), names(&config.ignore));
        assert_eq!(again.ignores.iter().filter(|ignore| ignore.sid.as_ref().unwrap().value == "A \"B\"").count(), 2);
        new_text
    };
    let table =
        "[[ignore]]\nrule = \"wildcard-principal\"\npath = \"./a.json\"\nsid = \"A \\\"B\\\"\"\nreason = \"why\"\n";
    assert!(written("iamlint.toml", "").starts_with(table));
    assert!(written("iamlint.toml", "profile = 'strict'").starts_with(&format!("profile = 'strict'\n\n{table}")));
    assert!(written("iamlint.toml", "profile = 'strict'\r\n").contains("\r\n\r\n[[ignore]]\r\nrule"));
    assert!(written("iamlint.toml", "[org]\naccounts = []\n").ends_with("why\"\n"));
    let inline = "{ rule = \"wildcard-principal\", path = \"./a.json\", sid";
    assert!(written("iamlint.toml", "ignore = []\n[org]\n").starts_with(&format!("ignore = [{inline}")));
    assert!(written("iamlint.toml", "ignore = ['trust']\n[org]\n").starts_with(&format!("ignore = [{inline}")));
    let lines = written("iamlint.toml", "ignore = [\n    'trust',\n]\n");
    assert!(
        lines.starts_with(&format!("ignore = [\n    {inline}")) && lines.ends_with(" },\n    'trust',\n]\n"),
        "{lines}"
    );
    let project = written("pyproject.toml", "[tool.iamlint]\nprofile = 'strict'\n[tool.other]\n");
    assert!(project.contains("[tool.other]\n\n[[tool.iamlint.ignore]]\n"), "{project}");
    assert!(written("iamlint.toml", "extend-ignore = ['trust']\n").contains("\n[[ignore]]\n"));
}

#[test]
fn a_pattern_for_one_file() {
    let base = Path::new("/repo");
    assert_eq!(pattern_of(Path::new("/repo/a.json"), base), "./a.json");
    assert_eq!(pattern_of(Path::new("/repo/x/a[1]*.json"), base), "x/a[[]1[]][*].json");
    assert_eq!(pattern_of(Path::new("/other/a.json"), base), "../other/a.json");
    for path in ["/repo/a.json", "/repo/x/a[1]*{b}?.json", "/repo/x/!a", "/repo/!a", "/other/a.json"] {
        let globs = crate::discover::Globs::new(base, &[pattern_of(Path::new(path), base)]).unwrap();
        assert!(globs.matches(Path::new(path)), "{path}");
        assert!(!globs.matches(Path::new("/repo/x/b.json")) && !globs.matches(Path::new("/repo/y/a.json")));
    }
}
