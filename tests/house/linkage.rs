//! The binary needs nothing from the machine but the C library: it runs inside a git server.

#[cfg(target_os = "linux")]
#[test]
fn the_binary_links_only_the_c_library() {
    const WELCOME: [&str; 8] =
        ["linux-vdso", "linux-gate", "ld-linux", "ld-musl", "libc.", "libm.", "libgcc_s.", "libpthread."];
    let output = std::process::Command::new("ldd")
        .arg(env!("CARGO_BIN_EXE_flowcheck"))
        .output()
        .expect("ldd comes with the C library");
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    let strangers: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(|library| library.rsplit('/').next().unwrap_or(library))
        .filter(|library| library.contains(".so"))
        .filter(|library| !WELCOME.iter().any(|welcome| library.starts_with(welcome)))
        .collect();
    let read = listed.contains("libc.") || listed.contains("statically linked");
    assert!(read || !output.status.success(), "ldd said nothing that is understood:\n{listed}");
    assert_eq!(strangers, Vec::<&str>::new(), "in:\n{listed}");
}
