//! Where everything stands: columns from left to right in the order of the stops, rows for lanes.

use crate::facts::LineId;
use crate::flow::{Flow, Lane, Stop, What};

/// How far two neighbouring columns are apart at least, and two stops of one lane: the fewer there
/// are, the more room they have.
fn spacing(stops: usize) -> (i32, i32) {
    match stops {
        0..=60 => (26, 58),
        61..=120 => (20, 42),
        _ => (18, 32),
    }
}

/// From which width on the names of the lines stand at both ends.
pub(super) const WIDE: i32 = 1400;

/// How high the row of a release is.
const ROW: i32 = 84;

/// How far below its lane the first level of topics hangs, and each further one.
pub(super) const HANG: (i32, i32) = (28, 21);

/// How many levels of topics there are below a lane.
const LEVELS: usize = 4;

/// Where everything stands.
pub(super) struct Layout {
    pub x: Vec<i32>,
    /// By lane.
    pub y: Vec<i32>,
    /// By lane of a release: where its name begins.
    pub name_x: Vec<i32>,
    /// By stop: the row of folded releases.
    pub folded_y: Vec<i32>,
    /// By branch: the level that it hangs at, and whether there is room for its name.
    pub levels: Vec<(usize, bool)>,
    /// Where lanes begin.
    pub left: i32,
    /// Where lanes end.
    pub right: i32,
    pub width: i32,
    pub height: i32,
}

/// Returns how wide text of a size is, roughly: digits and letters of the usual fonts.
pub(in crate::report) fn text_width(text: &str, size: i32) -> i32 {
    let tenths: i32 = text.chars().map(|c| if u32::from(c) >= 0x1100 { 10 } else { 6 }).sum();
    (tenths * size + 9) / 10
}

/// Returns how wide the flag of a stop's version tags is; 0 where it has none.
pub(super) fn flag_width(stop: &Stop) -> i32 {
    stop.tags
        .iter()
        .map(|tag| {
            let signs = i32::from(tag.confirmed) + i32::from(tag.rolled_back);
            text_width(&tag.name, 11) + 16 + 18 * signs
        })
        .max()
        .unwrap_or_default()
}

/// Returns how wide the name of a release's lane is.
pub(super) fn name_width(lane: &Lane) -> i32 {
    let state = lane.state.map_or(0, |state| text_width(state.name(), 11) + 12);
    text_width(&lane.name, 12) + state + 18
}

/// Returns what a fold says.
pub(super) fn fold_words(what: &What) -> Vec<String> {
    match what {
        What::Step { .. } => vec![],
        What::Run { steps, merges } if merges == steps => vec![format!("… {} …", count(*merges, "merge"))],
        What::Run { steps, .. } => vec![format!("… {} …", count(*steps, "commit"))],
        What::Releases { span: (first, last), count: many } => {
            let span = if first == last { first.to_string() } else { format!("{first} to {last}") };
            vec![count(*many, "release"), span]
        }
    }
}

fn count(n: usize, what: &str) -> String {
    super::super::count(n, what)
}

/// Returns how wide the pill of a fold is.
pub(super) fn fold_width(what: &What) -> i32 {
    fold_words(what).iter().map(|words| text_width(words, 11)).max().unwrap_or_default() + 16
}

/// Returns how wide the marker of a stop's findings is.
pub(super) fn marker_width(findings: &[usize]) -> i32 {
    if findings.is_empty() { 0 } else { text_width(&numbers(findings), 11) + 14 }
}

/// Returns the numbers of findings: `3`, `3, 7`, `3–9`, `3, 7 … 40`.
pub(super) fn numbers(findings: &[usize]) -> String {
    match findings {
        [] => String::new(),
        [one] => (one + 1).to_string(),
        [first, .., last] if last - first + 1 == findings.len() => format!("{}–{}", first + 1, last + 1),
        [first, second] => format!("{}, {}", first + 1, second + 1),
        [first, second, .., last] => format!("{}, {} … {}", first + 1, second + 1, last + 1),
    }
}

/// Half of the room that a stop takes on its lane.
fn half(stop: &Stop) -> i32 {
    let wide = [flag_width(stop), fold_width(&stop.what), marker_width(&stop.findings) + 6];
    wide.into_iter().max().unwrap_or_default().max(20) / 2
}

impl Layout {
    pub fn new(flow: &Flow, top: i32) -> Self {
        let names = flow.lanes.iter().filter(|lane| lane.line.release().is_none());
        let left = 44 + names.map(|lane| text_width(&lane.name, 14)).max().unwrap_or(60);
        let mut layout = Self {
            x: vec![],
            y: vec![],
            name_x: vec![],
            folded_y: vec![0; flow.stops.len()],
            levels: vec![],
            left,
            right: 0,
            width: 0,
            height: 0,
        };
        layout.columns(flow);
        layout.right = layout.width - 30;
        if layout.width > WIDE {
            // Whoever looks at the right end of a wide picture does not see the left one.
            layout.width += left - 34;
        }
        layout.rows(flow, top);
        layout.hang(flow);
        layout
    }

    fn columns(&mut self, flow: &Flow) {
        let (column, apart) = spacing(flow.stops.len());
        let mut right: Vec<Option<(i32, i32)>> = vec![None; flow.lanes.len()];
        let mut last = self.left;
        for stop in &flow.stops {
            let mut x = last + column;
            let half = half(stop);
            if let Some(lane) = stop.lane {
                let begins = self.begins(flow, lane);
                x = x.max(match right[lane] {
                    None => begins + 10 + half,
                    Some((before, end)) => (end + 10 + half).max(before + apart),
                });
                right[lane] = Some((x, x + half));
            } else {
                x = x.max(self.left + half + 12);
            }
            self.x.push(x);
            last = x;
        }
        let ends = flow.stops.iter().zip(&self.x).map(|(stop, x)| x + half(stop));
        self.width = ends.max().unwrap_or(self.left).max(860 + self.left) + 60;
    }

    /// Where the first stop of a lane may be: behind its cut and its name.
    fn begins(&self, flow: &Flow, lane: usize) -> i32 {
        let lane = &flow.lanes[lane];
        let cut = lane.cut.and_then(|cut| self.x.get(cut)).copied().unwrap_or(self.left);
        match lane.line {
            LineId::Release(_) => cut + 80 + name_width(lane),
            LineId::Integration | LineId::Production => self.left,
        }
    }

    /// Lays releases into rows, the first row that is free first, from the integration line up.
    fn rows(&mut self, flow: &Flow, top: i32) {
        let mut spans: Vec<(i32, i32, Place)> = vec![];
        for (at, lane) in flow.lanes.iter().enumerate() {
            let begin = self.name_begins(flow, lane);
            self.name_x.push(begin);
            if lane.line.release().is_some() {
                spans.push((begin - 16, self.end_of(flow, lane), Place::Lane(at)));
            }
        }
        for (at, stop) in flow.stops.iter().enumerate().filter(|(_, stop)| stop.lane.is_none()) {
            let half = half(stop);
            spans.push((self.x[at] - half - 12, self.x[at] + half + 12, Place::Stop(at)));
        }
        spans.sort();
        let mut ends: Vec<i32> = vec![];
        let mut rows = vec![];
        for (begin, end, _) in &spans {
            let row = ends.iter().position(|other| other < begin).unwrap_or(ends.len());
            if row == ends.len() {
                ends.push(*end);
            }
            ends[row] = *end;
            rows.push(row);
        }
        let production = top + 44;
        let high = i32::try_from(ends.len()).unwrap_or(i32::MAX / ROW);
        let integration = production + 62 + ROW * high.max(0);
        self.y = flow
            .lanes
            .iter()
            .map(|lane| if lane.line == LineId::Production { production } else { integration })
            .collect();
        for ((_, _, place), row) in spans.iter().zip(rows) {
            let y = integration - 74 - ROW * i32::try_from(row).unwrap_or_default();
            match place {
                Place::Lane(lane) => self.y[*lane] = y,
                Place::Stop(stop) => self.folded_y[*stop] = y,
            }
        }
        self.height = integration + 40;
    }

    /// The name of a release stands where it was cut, else before its first stop.
    fn name_begins(&self, flow: &Flow, lane: &Lane) -> i32 {
        let first = lane.stops.first().map_or(self.left, |stop| self.x[*stop] - half(&flow.stops[*stop]));
        let last = first - 50 - name_width(lane);
        lane.cut.map_or(last, |cut| (self.x[cut] + 44).min(last))
    }

    /// Where a lane's row is free again: behind its last stop, and behind what it went into.
    fn end_of(&self, flow: &Flow, lane: &Lane) -> i32 {
        let own = lane.stops.last().map_or(0, |stop| self.x[*stop] + half(&flow.stops[*stop]));
        let went = flow.links.iter().filter(|link| lane.stops.contains(&link.from));
        went.map(|link| self.x[link.to] - 60).max().unwrap_or(own).max(own) + 14
    }

    /// Gives each topic a level below its lane on which its name has room.
    fn hang(&mut self, flow: &Flow) {
        let mut ends: Vec<[i32; LEVELS]> = vec![[i32::MIN; LEVELS]; flow.lanes.len()];
        let mut order: Vec<usize> = (0..flow.branches.len()).collect();
        order.sort_by_key(|at| self.arc_begins(flow, *at));
        self.levels = vec![(0, false); flow.branches.len()];
        for at in order {
            let Some(lane) = Self::hangs_at(flow, at) else { continue };
            let deep = if flow.lanes[lane].line == LineId::Integration { LEVELS } else { 2 };
            let (begin, end) = self.arc_span(flow, at);
            let free = (0..deep).find(|level| ends[lane][*level] < begin);
            let level = free.unwrap_or(0);
            self.levels[at] = (level, free.is_some());
            if free.is_some() {
                ends[lane][level] = end + 8;
            }
            let y = self.y[lane] + HANG.0 + HANG.1 * i32::try_from(level).unwrap_or_default();
            self.height = self.height.max(y + 24);
        }
    }

    /// The lane below which a topic hangs: what it goes into, else what it left.
    pub fn hangs_at(flow: &Flow, branch: usize) -> Option<usize> {
        let branch = &flow.branches[branch];
        flow.stops[branch.into.or(branch.from)?].lane
    }

    fn arc_begins(&self, flow: &Flow, branch: usize) -> i32 {
        self.arc_span(flow, branch).0
    }

    /// From where to where a topic and its name reach.
    fn arc_span(&self, flow: &Flow, branch: usize) -> (i32, i32) {
        let of = &flow.branches[branch];
        let wide = text_width(&of.name, 11) + 8 + marker_width(&of.findings);
        match (of.into, of.from) {
            (Some(into), _) => {
                let end = self.x[into];
                ((end - 22 - wide / 2).min(end - 44), (end - 22 + wide / 2).max(end))
            }
            (None, Some(from)) => (self.x[from], self.x[from] + 40 + wide),
            (None, None) => (0, 0),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Lane(usize),
    Stop(usize),
}
