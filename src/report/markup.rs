//! Elements of XML and HTML: whatever is put into one comes out escaped.

use std::fmt::{Display, Write as _};

use super::clean;

/// An element, or text.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Element(Element),
    Text(String),
    /// Text of our own that is no markup to a browser: a style sheet.
    Raw(&'static str),
}

/// An element with its attributes, in their order, and what is inside.
#[derive(Debug, Clone)]
pub(super) struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    inside: Vec<Node>,
}

/// Begins an element.
pub(super) fn element(name: &'static str) -> Element {
    Element { name, attributes: vec![], inside: vec![] }
}

impl Element {
    /// Sets an attribute.
    pub fn with(mut self, attribute: &'static str, value: impl Display) -> Self {
        self.attributes.push((attribute, value.to_string()));
        self
    }

    /// Sets the class.
    pub fn class(self, class: impl Display) -> Self {
        self.with("class", class)
    }

    /// Puts text inside.
    pub fn text(mut self, text: impl Display) -> Self {
        self.inside.push(Node::Text(text.to_string()));
        self
    }

    /// Puts a style sheet of ours inside.
    pub fn style(mut self, sheet: &'static str) -> Self {
        self.inside.push(Node::Raw(sheet));
        self
    }

    /// Puts an element inside.
    pub fn holding(mut self, element: Self) -> Self {
        self.inside.push(Node::Element(element));
        self
    }

    /// Puts elements inside.
    pub fn all(mut self, elements: impl IntoIterator<Item = Self>) -> Self {
        self.inside.extend(elements.into_iter().map(Node::Element));
        self
    }

    /// Puts elements and text inside.
    pub fn nodes(mut self, nodes: impl IntoIterator<Item = Node>) -> Self {
        self.inside.extend(nodes);
        self
    }

    /// Writes it, as XML that is HTML as well: an element that must not be empty is closed.
    pub fn write(&self, out: &mut String) {
        let _ = write!(out, "<{}", self.name);
        for (attribute, value) in &self.attributes {
            let _ = write!(out, " {attribute}=\"{}\"", escaped(value));
        }
        if self.inside.is_empty() && is_void(self.name) {
            out.push_str("/>");
            return;
        }
        out.push('>');
        for node in &self.inside {
            match node {
                Node::Element(element) => element.write(out),
                Node::Text(text) => out.push_str(&escaped(text)),
                Node::Raw(text) => out.push_str(text),
            }
        }
        let _ = write!(out, "</{}>", self.name);
        if is_of_its_own(self.name) {
            out.push('\n');
        }
    }
}

/// Whether an element has nothing inside, in SVG or in HTML.
fn is_void(name: &str) -> bool {
    ["path", "circle", "rect", "line", "ellipse", "polygon", "use", "meta", "br", "hr"].contains(&name)
}

/// Whether the next element begins on a line of its own.
fn is_of_its_own(name: &str) -> bool {
    ["g", "style", "desc", "svg", "p", "li", "tr", "section", "article", "table", "h1", "h2", "h3", "pre"]
        .contains(&name)
}

/// Returns foreign text as it may stand in XML 1.0, in an attribute too. Control characters are
/// escaped; what is left that XML forbids are the two codes that are no characters.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let lines: Vec<String> = text.split('\n').map(clean).collect();
    for c in lines.join("\n").chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => out.extend(c.escape_unicode()),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_comes_out_as_text() {
        let mut out = String::new();
        element("a").with("href", "\"><script>").text("<b>\u{1b}\u{ffff}\n&").write(&mut out);
        assert_eq!(out, "<a href=\"&quot;&gt;&lt;script&gt;\">&lt;b&gt;\\u{1b}\\u{ffff}\n&amp;</a>");
    }

    #[test]
    fn only_what_is_never_filled_is_left_open() {
        let mut out = String::new();
        element("g").holding(element("circle").with("r", 4)).holding(element("p")).write(&mut out);
        assert_eq!(out, "<g><circle r=\"4\"/><p></p>\n</g>\n");
    }
}
