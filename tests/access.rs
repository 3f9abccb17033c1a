//! What a policy allows: the evaluator against examples and laws, and two answers to one question against each other.

mod access {
    mod commands;
    mod examples;
    mod generate;
    mod laws;
}
