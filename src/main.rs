//! Parse, run, exit code.

use std::process::ExitCode;

/// Strings and small arrays by the million are asked for and given back on every core: the system's own takes a tenth of a night for it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    kaohe::cli::main()
}
