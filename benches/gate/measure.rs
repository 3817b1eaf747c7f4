//! What a command costs: time, instructions, memory.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4 as _;

/// A command with what it reads and how it has to end.
pub struct Job<'a> {
    /// Makes the command.
    pub command: Box<dyn Fn() -> Command + 'a>,
    /// What it reads.
    pub input: &'a str,
    /// The exit code that it must have; `None`: any.
    pub code: Option<i32>,
}

/// Whether time is what the processor spends, not what passes: where others work on the machine
/// as well, only that says something.
pub fn by_processor() -> bool {
    std::env::var("FLOWCHECK_BENCH_CLOCK").is_ok_and(|clock| clock == "processor")
}

/// Returns how long `work` takes in this thread.
pub fn here(work: impl FnOnce()) -> Duration {
    let (start, spent) = (Instant::now(), spent());
    work();
    match (spent, self::spent()) {
        (Some(before), Some(after)) if by_processor() => after.saturating_sub(before),
        _ => start.elapsed(),
    }
}

/// What the processor has spent on this thread so far, as Linux says.
fn spent() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))
}

/// No job is repeated for longer.
const ENOUGH: Duration = Duration::from_secs(12);

impl<'a> Job<'a> {
    /// A command that reads nothing and succeeds.
    pub fn new(command: impl Fn() -> Command + 'a) -> Self {
        Self { command: Box::new(command), input: "", code: Some(0) }
    }

    /// The same, with something to read and the exit code that it must have.
    pub fn reading(command: impl Fn() -> Command + 'a, input: &'a str, code: i32) -> Self {
        Self { command: Box::new(command), input, code: Some(code) }
    }

    /// Runs it once.
    pub fn run(&self) -> Duration {
        let (whole, ended) =
            self.start((self.command)(), Stdio::null(), |mut child| child.wait4().expect("it was started"));
        self.check(ended.status.code());
        if by_processor() { ended.rusage.utime + ended.rusage.stime } else { whole }
    }

    /// The most memory that it had resident, in KiB.
    pub fn memory(&self) -> u64 {
        let used = self.start((self.command)(), Stdio::null(), |mut child| {
            child.wait4().expect("it was started").rusage.maxrss
        });
        used.1 / 1024
    }

    /// How many instructions it runs, itself and without the processes that it starts; `None` where
    /// valgrind is not installed.
    pub fn instructions(&self) -> Option<u64> {
        let command = (self.command)();
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=none", "--log-file=/dev/null", "true"]);
        valgrind.output().ok().filter(|output| output.status.success())?;
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
        valgrind.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            valgrind.env(name, value.unwrap_or_default());
        }
        valgrind.current_dir(command.get_current_dir()?);
        let said = self.start(valgrind, Stdio::piped(), |child| {
            child.wait_with_output().expect("it was started").stderr
        });
        let said = String::from_utf8_lossy(&said.1).into_owned();
        let line = said.lines().find_map(|line| line.split_once("Collected : "))?;
        line.1.trim().parse().ok()
    }

    fn start<T>(
        &self,
        mut command: Command,
        stderr: Stdio,
        wait: impl FnOnce(std::process::Child) -> T,
    ) -> (Duration, T) {
        let input = if self.input.is_empty() { Stdio::null() } else { Stdio::piped() };
        command.stdin(input).stdout(Stdio::null()).stderr(stderr);
        let start = Instant::now();
        let mut child = command.spawn().expect("the command can be started");
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(self.input.as_bytes()).expect("it reads its input");
        }
        let result = wait(child);
        (start.elapsed(), result)
    }

    fn check(&self, code: Option<i32>) {
        if self.code.is_some() && code != self.code {
            let command = (self.command)();
            let args: Vec<_> = command.get_args().map(|arg| arg.to_string_lossy()).collect();
            panic!("{} {} ended with {code:?}", command.get_program().display(), args.join(" "));
        }
    }
}

/// The median time of each job; they take turns.
pub fn medians(jobs: &[&Job<'_>], runs: usize) -> Vec<Duration> {
    turns(jobs, runs, |job| job.run())
}

/// The median of what `time` says of each of `what`; they take turns.
pub fn turns<T>(what: &[T], runs: usize, time: impl Fn(&T) -> Duration) -> Vec<Duration> {
    // The first run warms up, and tells how often the slow ones can be run.
    let times = |first: Duration| {
        let most = ENOUGH.as_micros() / first.as_micros().max(1);
        usize::try_from(most).unwrap_or(usize::MAX).clamp(3, runs.max(3))
    };
    let wanted: Vec<usize> = what.iter().map(|job| times(time(job))).collect();
    let mut taken: Vec<Vec<Duration>> = what.iter().map(|_| vec![]).collect();
    for round in 0..wanted.iter().copied().max().unwrap_or(0) {
        for (at, job) in what.iter().enumerate().filter(|(at, _)| round < wanted[*at]) {
            taken[at].push(time(job));
        }
    }
    taken.into_iter().map(median).collect()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
