// SPDX-License-Identifier: GPL-2.0

//! XML as a tree, as far as GraphML and CORE need it. Entities of the file's own are not expanded.

use quick_xml::events::{BytesStart, Event};
use quick_xml::Reader;

use crate::ImportError;

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 64;

/// An element.
#[derive(Debug, Default)]
pub(crate) struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    pub text: String,
}

impl Element {
    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The first child of a name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> + 'a {
        self.children.iter().filter(move |child| child.name == name)
    }
}

/// Reads a document; its root.
pub(crate) fn parse(text: &str) -> Result<Element, ImportError> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = vec![Element::default()];
    loop {
        let at = reader.buffer_position() as usize;
        let line = || {
            text.get(..at.min(text.len()))
                .map_or(1, |before| before.matches('\n').count() + 1)
        };
        let refuse = |message: String| ImportError::at(line(), message);
        match reader
            .read_event()
            .map_err(|error| refuse(error.to_string()))?
        {
            Event::Start(start) => {
                if open.len() > MAX_DEPTH {
                    return Err(refuse("elements are nested too deeply".into()));
                }
                open.push(element(&start).map_err(refuse)?);
            }
            Event::Empty(start) => {
                let element = element(&start).map_err(refuse)?;
                if let Some(parent) = open.last_mut() {
                    parent.children.push(element);
                }
            }
            Event::End(_) => {
                // The reader has checked that it fits.
                if let (Some(element), Some(parent)) = (open.pop(), open.last_mut()) {
                    parent.children.push(element);
                }
            }
            Event::Text(piece) => {
                let piece = piece.decode().map_err(|error| refuse(error.to_string()))?;
                add_text(&mut open, &piece);
            }
            Event::GeneralRef(reference) => {
                let name = reference
                    .decode()
                    .map_err(|error| refuse(error.to_string()))?;
                let piece = match reference.resolve_char_ref() {
                    Ok(Some(c)) => c.to_string(),
                    _ => entity(&name)
                        .ok_or_else(|| refuse(format!("unknown entity `&{name};`")))?
                        .to_owned(),
                };
                add_text(&mut open, &piece);
            }
            Event::CData(piece) => {
                let piece = piece.decode().map_err(|error| refuse(error.to_string()))?;
                add_text(&mut open, &piece);
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    match (
        open.len(),
        open.pop().and_then(|mut top| top.children.pop()),
    ) {
        (1, Some(root)) => Ok(root),
        _ => Err(ImportError::syntax("the XML ends too early")),
    }
}

fn add_text(open: &mut [Element], piece: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(piece);
    }
}

fn entity(name: &str) -> Option<&'static str> {
    Some(match name {
        "lt" => "<",
        "gt" => ">",
        "amp" => "&",
        "apos" => "'",
        "quot" => "\"",
        _ => return None,
    })
}

fn element(start: &BytesStart<'_>) -> Result<Element, String> {
    let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let key = String::from_utf8_lossy(attribute.key.local_name().as_ref()).into_owned();
        let value = attribute
            .unescape_value()
            .map_err(|error| error.to_string())?;
        attributes.push((key, value.into_owned()));
    }
    Ok(Element {
        name,
        attributes,
        ..Element::default()
    })
}
