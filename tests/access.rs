//! What a policy allows: the evaluator against examples, and two answers to one question against each other.

mod access {
    mod generate;
    mod generated;
}
