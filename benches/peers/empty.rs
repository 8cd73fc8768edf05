//! What no Rust program can start faster than.

fn main() {}
