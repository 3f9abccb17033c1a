//! The engine that answers questions about all requests, held against single requests and against itself.

mod access {
    mod engine;
    mod generate;
    mod laws;
}
