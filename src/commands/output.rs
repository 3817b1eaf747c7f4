//! What a command says: to standard output, to standard error, or into files.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anstream::{AutoStream, ColorChoice};

use super::{Color, Failure, Global};
use crate::input::Environment;
use crate::report::{self, Format, Report, Request};

/// Where the words for people go; what programs read always goes to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    /// The words are the command's answer.
    Stdout,
    /// A hook's words: git shows them to the pusher.
    Stderr,
}

/// The reports that are asked for, and where their words go.
#[derive(Debug)]
pub(super) struct Output {
    requests: Vec<Request>,
    stream: Stream,
    color: ColorChoice,
}

impl Output {
    /// Returns what a hook says: `--format`, else `FLOWCHECK_FORMAT` (several with commas), else
    /// text; on GitLab's web pages the lines that are shown there.
    pub(super) fn of_hook(global: &Global, environment: &Environment, web: bool) -> Result<Self, Failure> {
        let asked = environment.get("FLOWCHECK_FORMAT").map(ToString::to_string).unwrap_or_default();
        let asked: Vec<String> = asked.split(',').map(|format| format.trim().to_owned()).collect();
        let asked = if global.format.is_empty() { asked } else { global.format.clone() };
        let mut output =
            Self { requests: requests(&asked)?, stream: Stream::Stderr, color: ColorChoice::Never };
        for request in output.requests.iter_mut().filter(|request| web && request.file.is_none()) {
            if request.format == Format::Text {
                request.format = Format::Web;
            }
        }
        Ok(output)
    }

    /// Returns what any other command says.
    pub(super) fn of_command(global: &Global, stream: Stream) -> Result<Self, Failure> {
        Ok(Self { requests: requests(&global.format)?, stream, color: choice(global.color) })
    }

    /// Returns the formats that are asked for, each with its file; else `usual`.
    pub(super) fn asked(global: &Global, usual: Format) -> Result<Vec<(Format, Option<PathBuf>)>, Failure> {
        if global.format.is_empty() {
            return Ok(vec![(usual, None)]);
        }
        let asked = requests(&global.format)?.into_iter();
        Ok(asked.map(|request| (request.format, request.file)).collect())
    }

    /// Writes every report that is asked for.
    pub(super) fn say(&self, report: &Report<'_>) -> Result<(), Failure> {
        for request in &self.requests {
            let text = report::render(report, request.format);
            match &request.file {
                Some(file) => write_whole(file, text.as_bytes())?,
                None if request.format.is_for_programs() => print(&text)?,
                None => self.speak(&text)?,
            }
        }
        Ok(())
    }

    /// Whether one of the reports is of this format.
    pub(super) fn writes(&self, format: Format) -> bool {
        self.requests.iter().any(|request| request.format == format)
    }

    fn speak(&self, text: &str) -> Result<(), Failure> {
        match self.stream {
            Stream::Stdout => {
                ended_quietly(AutoStream::new(io::stdout(), self.color).write_all(paint(text).as_bytes()))
            }
            Stream::Stderr => {
                // Who does not listen is not told: the exit code stands for itself.
                let _ = AutoStream::new(io::stderr(), self.color).write_all(paint(text).as_bytes());
                Ok(())
            }
        }
    }
}

/// Writes a command's answer to standard output; a reader that has seen enough ends it quietly.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout();
    ended_quietly(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// Writes words for people to standard error, where anybody still reads them.
pub(super) fn tell(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Writes a file so that readers see the old one or the new one, never a part.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let failed = |source| Failure::Write { path: path.to_owned(), source };
    // A pipe or a device cannot be replaced by a file.
    if path.metadata().is_ok_and(|there| !there.is_file()) {
        return std::fs::write(path, content).map_err(failed);
    }
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = readable(&mut tempfile::Builder::new()).tempfile_in(directory).map_err(failed)?;
    file.write_all(content).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Asks for the permissions of an ordinary new file, less what the umask takes away.
fn readable<'a>(
    builder: &'a mut tempfile::Builder<'static, 'static>,
) -> &'a tempfile::Builder<'static, 'static> {
    use std::os::unix::fs::PermissionsExt as _;
    builder.permissions(std::fs::Permissions::from_mode(0o666))
}

fn requests(asked: &[String]) -> Result<Vec<Request>, Failure> {
    let asked = asked.iter().filter(|format| !format.is_empty());
    let requests: Vec<Request> = asked.map(|format| Request::parse(format)).collect::<Result<_, _>>()?;
    if requests.is_empty() {
        return Ok(vec![Request { format: Format::Text, file: None }]);
    }
    Ok(requests)
}

fn choice(color: Color) -> ColorChoice {
    match color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
}

fn ended_quietly(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        _ => Ok(()),
    }
}

/// Colours the words that git's client colours, at the start of a line.
fn paint(text: &str) -> String {
    use anstyle::{AnsiColor, Style};
    let words: [(&str, Style); 4] = [
        ("error[", AnsiColor::Red.on_default().bold()),
        ("warning[", AnsiColor::Yellow.on_default().bold()),
        ("hint:", AnsiColor::Cyan.on_default()),
        ("flowcheck:", Style::new().bold()),
    ];
    let paint = |line: &str| {
        let style = words.iter().find(|(word, _)| line.starts_with(word)).map(|(_, style)| *style);
        match (style, line.find(':')) {
            (Some(style), Some(end)) => format!("{style}{}{style:#}{}", &line[..end], &line[end..]),
            _ => line.to_owned(),
        }
    };
    text.split_inclusive('\n').map(paint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_coloured_and_nothing_else_changes() {
        let text = "error[branch-name]: `x`: no\n  hint: inside\nhint: git push\nflowcheck: 1 error\n";
        let painted = paint(text);
        assert!(
            painted.starts_with("\u{1b}[1m\u{1b}[31merror[branch-name]\u{1b}[0m: `x`: no\n  hint: inside\n")
        );
        assert_eq!(anstream::adapter::strip_str(&painted).to_string(), text);
    }

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.json");
        write_whole(&path, b"old").unwrap();
        write_whole(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        let nowhere = dir.path().join("no/report.json");
        assert!(matches!(write_whole(&nowhere, b"x"), Err(Failure::Write { .. })));
        write_whole(Path::new("/dev/null"), b"x").unwrap();
        assert!(!Path::new("/dev/null").is_file());
    }

    #[test]
    fn a_broken_pipe_is_no_failure() {
        assert!(ended_quietly(Err(io::Error::from(ErrorKind::BrokenPipe))).is_ok());
        assert!(ended_quietly(Err(io::Error::from(ErrorKind::StorageFull))).is_err());
    }
}
