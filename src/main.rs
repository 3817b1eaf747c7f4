//! The `flowcheck` binary; everything is in the library.

fn main() -> std::process::ExitCode {
    flowcheck::commands::main()
}
