// SPDX-License-Identifier: GPL-2.0

//! What is wrong with a topology file: every problem with its place, what was expected and what to do.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity,
    SourceCode,
};

use crate::secret::hide;

/// A place in the text: bytes from the beginning.
pub type Span = Range<usize>;

/// A value and where the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T> At<T> {
    /// A value found at a place.
    pub fn new(value: T, span: Span) -> Self {
        At { value, span }
    }

    /// Another value, found at the same place.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> At<U> {
        At {
            value: f(self.value),
            span: self.span,
        }
    }
}

/// One thing that is wrong, or (as a warning) probably not meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// Whether it is only a warning: the plan is made nevertheless.
    pub warning: bool,
    /// What is wrong.
    pub message: String,
    /// Where, the place to look at first in front. Each with a few words, or none.
    pub labels: Vec<(Span, Option<String>)>,
    /// What to do.
    pub help: Option<String>,
}

impl Problem {
    /// An error at a place.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Problem {
            warning: false,
            message: message.into(),
            labels: vec![(span, None)],
            help: None,
        }
    }

    /// A warning at a place.
    pub fn warning(span: Span, message: impl Into<String>) -> Self {
        Problem {
            warning: true,
            ..Problem::new(span, message)
        }
    }

    /// Puts words to the main place.
    pub fn label(mut self, text: impl Into<String>) -> Self {
        if let Some(first) = self.labels.first_mut() {
            first.1 = Some(text.into());
        }
        self
    }

    /// Adds another place.
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push((span, Some(text.into())));
        self
    }

    /// Says what to do.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Without what is to remain secret.
    fn hide_secrets(&mut self) {
        let labels = self.labels.iter_mut().filter_map(|(_, text)| text.as_mut());
        let texts = labels.chain([&mut self.message]).chain(&mut self.help);
        for text in texts {
            *text = hide(text);
        }
    }
}

impl Diagnostic for Problem {
    fn severity(&self) -> Option<Severity> {
        Some(match self.warning {
            true => Severity::Warning,
            false => Severity::Error,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let mut primary = true;
        Some(Box::new(self.labels.iter().map(move |(span, text)| {
            let place = (span.start, span.len());
            match std::mem::take(&mut primary) {
                true => LabeledSpan::new_primary_with_span(text.clone(), place),
                false => LabeledSpan::new_with_span(text.clone(), place),
            }
        })))
    }
}

/// So many problems are kept: whoever mends them sees the others next.
const MAX_SHOWN: usize = 100;

/// All problems of one file, in the order of their places.
///
/// As a `miette` diagnostic it shows the single problem, or a heading and all of them.
#[derive(Clone, Debug)]
pub struct Report {
    /// How many problems more there are.
    omitted: usize,
    source_name: String,
    source: Arc<NamedSource<String>>,
    problems: Vec<Problem>,
}

impl Report {
    /// Sorts the problems by place; what is wrong with all repetitions of something is told once. Secrets are hidden.
    pub(crate) fn new(source_name: &str, text: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|p| {
            (
                p.warning,
                p.labels.first().map_or(0, |(span, _)| span.start),
            )
        });
        let mut seen = HashSet::new();
        problems.retain(|problem| seen.insert(problem.clone()));
        let omitted = problems.len().saturating_sub(MAX_SHOWN);
        problems.truncate(MAX_SHOWN);
        problems.iter_mut().for_each(Problem::hide_secrets);
        Report {
            omitted,
            source_name: source_name.to_owned(),
            source: Arc::new(NamedSource::new(source_name, hide(text))),
            problems,
        }
    }

    /// The problems: errors first, then warnings, each by place.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Whether there is nothing to report.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Whether anything is more than a warning.
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| !problem.warning)
    }

    /// The line and column (both from 1, columns in characters) of a problem's main place.
    pub fn place(&self, problem: &Problem) -> (usize, usize) {
        let text = self.source.inner();
        let offset = problem.labels.first().map_or(0, |(span, _)| span.start);
        let before = text.get(..offset.min(text.len())).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        )
    }

    /// The report for a terminal or a log: problems with the lines that they are about.
    pub fn render(&self, color: bool, width: usize) -> String {
        let theme = match color {
            true => GraphicalTheme::unicode(),
            false => GraphicalTheme::unicode_nocolor(),
        };
        let mut out = String::new();
        // Writing to a String does not fail.
        let _ = GraphicalReportHandler::new_themed(theme)
            .with_width(width)
            .with_links(false)
            .render_report(&mut out, self);
        out
    }

    fn single(&self) -> Option<&Problem> {
        match self.problems.as_slice() {
            [problem] => Some(problem),
            _ => None,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(problem) = self.single() {
            return fmt::Display::fmt(problem, out);
        }
        let warnings = self.problems.iter().filter(|p| p.warning).count();
        let errors = self.problems.len() - warnings;
        write!(out, "{}: ", self.source_name)?;
        let mut part = |count: usize, what: &str, more: &str| match count {
            0 => Ok(()),
            1 => write!(out, "1 {what}{more}"),
            _ => write!(out, "{count} {what}s{more}"),
        };
        part(errors, "error", if warnings > 0 { ", " } else { "" })?;
        part(warnings, "warning", "")?;
        match self.omitted {
            0 => Ok(()),
            omitted => write!(out, " and {omitted} more that are not shown"),
        }
    }
}

impl std::error::Error for Report {}

impl Diagnostic for Report {
    fn severity(&self) -> Option<Severity> {
        Some(match self.has_errors() {
            true => Severity::Error,
            false => Severity::Warning,
        })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&*self.source)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.single().and_then(Diagnostic::help)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.single().and_then(Diagnostic::labels)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        match self.single() {
            Some(_) => None,
            None => Some(Box::new(self.problems.iter().map(|p| p as &dyn Diagnostic))),
        }
    }
}
