// SPDX-License-Identifier: GPL-2.0

//! What can stand in `${…}`: a name, or a little arithmetic with whole numbers.

/// The values of the names that are known in a place; the inner ones last.
#[derive(Clone, Default)]
pub(super) struct Scope {
    names: Vec<(String, String)>,
}

/// Longest text that a substitution makes, bytes.
const MAX_TEXT: usize = 1 << 20;
/// Deepest nesting of parentheses.
const MAX_DEPTH: usize = 32;

impl Scope {
    pub fn set(&mut self, name: &str, value: String) {
        self.names.push((name.to_owned(), value));
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Forgets what was set last.
    pub fn truncate(&mut self, len: usize) {
        self.names.truncate(len);
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.names.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Replaces every `${…}` whose names are known; `$${` is a literal `${`. What has an unknown name stays as it is,
    /// because shell lines have such things, too.
    pub fn substitute(&self, text: &str) -> Result<String, String> {
        if !text.contains("${") {
            return Ok(text.to_owned());
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            if rest[..at].ends_with('$') {
                out.push_str(&rest[..at - 1]);
                out.push_str("${");
                rest = &rest[at + 2..];
                continue;
            }
            out.push_str(&rest[..at]);
            let inside = &rest[at + 2..];
            let Some(end) = inside.find('}') else {
                out.push_str(&rest[at..]);
                return Ok(out);
            };
            if out.len() > MAX_TEXT {
                return Err("variables make too much text".into());
            }
            match self.evaluate(&inside[..end])? {
                Some(value) => out.push_str(&value),
                None => out.push_str(&rest[at..at + 2 + end + 1]),
            }
            rest = &inside[end + 1..];
        }
        out.push_str(rest);
        Ok(out)
    }

    /// The value of what is in the braces; none if it has a name that is not known.
    fn evaluate(&self, expression: &str) -> Result<Option<String>, String> {
        let expression = expression.trim();
        if let Some(value) = self.get(expression) {
            return Ok(Some(value.to_owned()));
        }
        let mut parser = Parser {
            scope: self,
            rest: expression,
            unknown: false,
            named: false,
        };
        let value = parser.sum(0);
        match value {
            // `${1}` and `${#}` belong to the shell.
            _ if parser.unknown || !parser.named => Ok(None),
            Ok(number) if parser.rest.trim().is_empty() => Ok(Some(number.to_string())),
            Ok(_) => Err(format!("`{expression}` has too much at its end")),
            Err(error) => Err(format!("`{expression}`: {error}")),
        }
    }
}

struct Parser<'s> {
    scope: &'s Scope,
    rest: &'s str,
    /// Whether there was a name that is not known.
    unknown: bool,
    /// Whether there was a name at all.
    named: bool,
}

impl Parser<'_> {
    fn take(&mut self, operators: &[char]) -> Option<char> {
        self.rest = self.rest.trim_start();
        let first = self.rest.chars().next().filter(|c| operators.contains(c))?;
        self.rest = &self.rest[first.len_utf8()..];
        Some(first)
    }

    fn sum(&mut self, depth: usize) -> Result<i64, String> {
        let mut value = self.product(depth)?;
        while let Some(operator) = self.take(&['+', '-']) {
            let other = self.product(depth)?;
            let result = match operator {
                '+' => value.checked_add(other),
                _ => value.checked_sub(other),
            };
            value = result.ok_or("the result is too large")?;
        }
        Ok(value)
    }

    fn product(&mut self, depth: usize) -> Result<i64, String> {
        let mut value = self.single(depth)?;
        while let Some(operator) = self.take(&['*', '/', '%']) {
            let other = self.single(depth)?;
            let result = match operator {
                '*' => value.checked_mul(other),
                _ if other == 0 => return Err("division by zero".into()),
                '/' => value.checked_div_euclid(other),
                _ => value.checked_rem_euclid(other),
            };
            value = result.ok_or("the result is too large")?;
        }
        Ok(value)
    }

    fn single(&mut self, depth: usize) -> Result<i64, String> {
        if self.take(&['(']).is_some() {
            if depth >= MAX_DEPTH {
                return Err("parentheses are nested too deeply".into());
            }
            let value = self.sum(depth + 1)?;
            return match self.take(&[')']) {
                Some(_) => Ok(value),
                None => Err("a parenthesis is not closed".into()),
            };
        }
        self.rest = self.rest.trim_start();
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        if word.is_empty() {
            return Err("a name or number is missing".into());
        }
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            return word
                .parse()
                .map_err(|_| format!("`{word}` is not a whole number"));
        }
        match self.scope.get(word) {
            Some(value) => {
                self.named = true;
                value
                    .parse()
                    .map_err(|_| format!("`{word}` is `{value}`, which is not a whole number"))
            }
            None => {
                self.unknown = true;
                Err("unknown name".into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        let mut scope = Scope::default();
        scope.set("i", "3".into());
        scope.set("rate", "10mbit".into());
        scope
    }

    #[test]
    fn values() {
        for (text, expected) in [
            ("r${i}", "r3"),
            ("${rate}", "10mbit"),
            ("${i+1}-${ i % 2 }", "4-1"),
            ("${(i + 1) * 2}", "8"),
            ("${i-5}", "-2"),
            ("$${i}", "${i}"),
            ("${HOME}/$i ${i", "${HOME}/$i ${i"),
            ("${1} ${#} ${x:-y} ${}", "${1} ${#} ${x:-y} ${}"),
            ("none", "none"),
        ] {
            assert_eq!(scope().substitute(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refusals() {
        for text in [
            "${i/0}",
            "${rate+1}",
            "${i+}",
            "${i 1}",
            "${(i}",
            "${i*9223372036854775807}",
        ] {
            assert!(scope().substitute(text).is_err(), "{text}");
        }
        let deep = format!("${{{}i{}}}", "(".repeat(5000), ")".repeat(5000));
        // Without a name in reach it is left alone; what counts is that it comes back.
        assert_eq!(scope().substitute(&deep), Ok(deep));
    }
}
