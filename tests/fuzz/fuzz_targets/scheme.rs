//! One input of the target `scheme`: see inputs.rs.
#![no_main]
#[path = "../inputs.rs"]
mod inputs;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| inputs::try_one("scheme", bytes));
