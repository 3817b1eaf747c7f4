//! What is wrong with a policy: all of it at once, each with its place in the file.

use std::fmt;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Level, Origin, Renderer, Snippet};

use crate::finding::Clause;
use crate::history::name::escape;

/// The text of a policy, and the name that the user knows it by.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// The file's name.
    pub name: String,
    /// The text, without a byte order mark.
    pub text: String,
    starts: Vec<usize>,
}

impl Source {
    pub(super) fn new(name: &str, text: String) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { name: name.to_owned(), text, starts }
    }

    /// Returns the line, from 1, that the byte `at` is on.
    pub(super) fn line(&self, at: usize) -> u32 {
        u32::try_from(self.starts.partition_point(|start| *start <= at)).unwrap_or(u32::MAX)
    }

    /// Returns the column, from 1 and in characters, of the byte `at`.
    fn column(&self, at: usize) -> u32 {
        let start = self.starts[self.starts.partition_point(|start| *start <= at) - 1];
        let before = self.text.get(start..at).unwrap_or_default();
        u32::try_from(before.chars().count() + 1).unwrap_or(u32::MAX)
    }

    pub(super) fn clause(&self, at: usize) -> Clause {
        Clause { file: self.name.clone(), line: self.line(at) }
    }
}

/// Something that is wrong with a policy, or that is worth a second look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    /// The bytes of the file it is about; `None` where it is about the file as a whole.
    pub span: Option<Range<usize>>,
    /// What is wrong.
    pub message: String,
    /// What stands under the caret.
    pub label: String,
    /// What to do, a sentence each.
    pub help: Vec<String>,
}

impl Mistake {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span: Some(span), message: message.into(), label: String::new(), help: vec![] }
    }

    pub(super) fn of_file(message: impl Into<String>) -> Self {
        Self { span: None, message: message.into(), label: String::new(), help: vec![] }
    }

    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

/// One mistake as other programs read it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 where it is about the file as a whole.
    pub line: u32,
    /// The column, from 1 and in characters; 0 likewise.
    pub column: u32,
    /// What is wrong, one sentence.
    pub message: String,
    /// What to do.
    pub help: Vec<String>,
}

/// How much is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// The policy cannot be used.
    Mistake,
    /// It can, but may not say what was meant.
    Advice,
}

/// All that is wrong with one policy, in the order of the file.
#[derive(Debug, Clone)]
pub struct Mistakes {
    source: Source,
    weight: Weight,
    list: Vec<Mistake>,
}

/// How many mistakes are shown in full.
const SHOWN: usize = 50;
/// How wide the text is.
const WIDTH: usize = 80;

impl Mistakes {
    pub(super) fn new(source: Source, weight: Weight, mut list: Vec<Mistake>) -> Self {
        list.sort_by_key(|mistake| mistake.span.as_ref().map_or((0, 0), |span| (span.start, span.end)));
        list.dedup();
        Self { source, weight, list }
    }

    /// Returns how many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Returns the file's name, safe to print.
    #[must_use]
    pub fn file(&self) -> String {
        escape(self.source.name.as_bytes())
    }

    /// Returns each mistake with its place, for other programs.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        let place = |mistake: &Mistake| {
            let at = mistake.span.as_ref().map(|span| span.start);
            Place {
                file: self.file(),
                line: at.map_or(0, |at| self.source.line(at)),
                column: at.map_or(0, |at| self.source.column(at)),
                message: printable(&mistake.message),
                help: mistake.help.iter().map(|help| printable(help)).collect(),
            }
        };
        self.list.iter().map(place).collect()
    }

    /// Returns the first in one sentence, and how many more there are.
    #[must_use]
    pub fn summary(&self) -> String {
        let places = self.places();
        let Some(first) = places.first() else {
            return format!("there is nothing wrong with {}", self.file());
        };
        let at = if first.line == 0 { self.file() } else { format!("{}:{}", self.file(), first.line) };
        let more = match places.len() - 1 {
            0 => String::new(),
            1 => ", and 1 more mistake".to_owned(),
            more => format!(", and {more} more mistakes"),
        };
        format!("{at}: {}{more} (`flowcheck policy check` says it all)", first.message)
    }

    /// Returns the text for people: each mistake with its line, a caret and what to do; at most
    /// 80 columns, coloured where asked.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        // A line that is cut in its middle gets a column more than was allowed.
        let renderer = renderer.term_width(WIDTH - 1).decor_style(DecorStyle::Ascii);
        let mut out: Vec<_> =
            self.list.iter().take(SHOWN).map(|mistake| self.render_one(mistake, &renderer)).collect();
        if self.list.len() > SHOWN {
            out.push(format!("... and {} more", self.list.len() - SHOWN));
        }
        out.join("\n\n") + "\n"
    }

    fn render_one(&self, mistake: &Mistake, renderer: &Renderer) -> String {
        let (level, name) = match self.weight {
            Weight::Mistake => (Level::ERROR, "error"),
            Weight::Advice => (Level::WARNING, "warning"),
        };
        let title = level.primary_title(wrap(&printable(&mistake.message), WIDTH - name.len() - 2));
        let label = printable(&mistake.label);
        let file = self.file();
        let window = mistake.span.as_ref().map(|span| Window::around(&self.source, span));
        let mut group = match &window {
            Some(window) => title.element(window.snippet(&label).path(&file)),
            None => title.element(Origin::path(&file)),
        };
        for help in &mistake.help {
            let help = wrap(&printable(help), WIDTH - "     = help: ".len());
            group = group.element(Level::HELP.message(help));
        }
        renderer.render(&[group])
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

impl std::error::Error for Mistakes {}

/// The lines that a mistake is about, fit for printing.
struct Window {
    text: String,
    line: usize,
    span: Range<usize>,
}

/// How much of a line is looked at on either side of a mistake: a line may be a megabyte long.
const REACH: usize = 4096;

impl Window {
    fn around(source: &Source, span: &Range<usize>) -> Self {
        let text = &source.text;
        let start = span.start.min(text.len());
        let number = source.line(start) as usize;
        let line = source.starts[number - 1];
        let line_end = text[line..].find('\n').map_or(text.len(), |length| line + length);
        // A mistake that spans lines is shown by its first.
        let end = span.end.clamp(start, line_end);
        let from = floor(text, line.max(start.saturating_sub(REACH)));
        let to = floor(text, line_end.min(start + REACH)).max(from);
        let visible = plain(&text[from..to]);
        let span = start.clamp(from, to) - from..end.clamp(from, to) - from;
        Self { text: visible, line: number, span }
    }

    /// Returns the lines with a caret, and with the label where it fits beside the caret.
    fn snippet<'w>(&'w self, label: &'w str) -> Snippet<'w, Annotation<'w>> {
        let before = self.text[..self.span.end].chars().count();
        let margin = self.line.to_string().len() + " |  ".len();
        let fits = !label.is_empty() && margin + before + label.chars().count() < WIDTH;
        let annotation = AnnotationKind::Primary.span(self.span.clone());
        let annotation = if fits { annotation.label(label) } else { annotation };
        Snippet::source(&self.text).line_start(self.line).annotation(annotation)
    }
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Returns the text with everything that would move a cursor replaced, byte for byte, so that
/// places stay what they are.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let shown = c == ' ' || escape(c.encode_utf8(&mut [0; 4]).as_bytes()).chars().eq([c]);
        if shown {
            out.push(c);
        } else if c == '\t' || c == '\r' {
            out.push(' ');
        } else {
            out.extend(std::iter::repeat_n('?', c.len_utf8()));
        }
    }
    out
}

/// How long a quotation of the file in a message may become.
const QUOTED: usize = 200;

fn printable(text: &str) -> String {
    let short: String = text.chars().take(QUOTED * 4).collect();
    escape(short.as_bytes())
}

/// Returns what the file says, short enough to be quoted.
pub(super) fn quote(text: &str) -> String {
    let mut shown: String = text.chars().take(QUOTED / 4).collect();
    if shown.len() < text.len() {
        shown.push_str("...");
    }
    format!("`{shown}`")
}

/// Breaks a sentence between words.
fn wrap(text: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always a last line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.join("\n")
}

/// Returns the words as a list to choose from: `a`, `b` or `c`.
pub(super) fn choice<'k>(words: impl IntoIterator<Item = &'k str>) -> String {
    list(words, "or")
}

/// Returns the words as a list of all there are: `a`, `b` and `c`.
pub(super) fn all<'k>(words: impl IntoIterator<Item = &'k str>) -> String {
    list(words, "and")
}

fn list<'k>(words: impl IntoIterator<Item = &'k str>, joint: &str) -> String {
    let words: Vec<_> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} {joint} {last}", others.join(", ")),
    }
}
