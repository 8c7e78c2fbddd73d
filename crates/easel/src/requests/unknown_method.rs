//! The error for a method that does not exist.

use easel_protocol::method::{Method, MethodVisitor, visit_methods};
use easel_rpc::ErrorObjectOwned;

/// Returns the error. It suggests a method whose name differs only in case and punctuation. Other similar names may be
/// methods of Codex that Easel does not have.
pub(crate) fn unknown_method(method: &str) -> ErrorObjectOwned {
    let error = easel_rpc::method_not_found(method);
    let similar = if is_shown(method) { similar_method(method).filter(|similar| is_shown(similar)) } else { None };
    let explanation = match similar {
        Some(similar) => format!("did you mean `{similar}`?"),
        None => "it is not part of an image sidecar".to_owned(),
    };
    ErrorObjectOwned::owned(error.code(), format!("{}; {explanation}", error.message()), None::<()>)
}

/// Returns whether messages contain the name: it is not too long, and clients do not take it for a missing login.
fn is_shown(method: &str) -> bool {
    easel_rpc::method_not_found(method).message().ends_with(method)
}

fn similar_method(name: &str) -> Option<&'static str> {
    let mut search = Search { letters: letters(name), found: None };
    visit_methods(&mut search);
    search.found
}

/// Finds the method whose name has these letters.
struct Search {
    letters: String,
    found: Option<&'static str>,
}

impl MethodVisitor for Search {
    fn visit<M: Method>(&mut self) {
        if letters(M::NAME) == self.letters {
            self.found = Some(M::NAME);
        }
    }
}

fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_spellings_of_a_method_are_suggested() {
        for method in ["Image/Read", "image.read", "imageRead", "image_read", "/image/read"] {
            let expected = format!("Method not found: {method}; did you mean `image/read`?");
            assert_eq!(unknown_method(method).message(), expected);
        }
        // The first of these is a method of Codex.
        for method in ["thread/goal/set", "image/draw", "", "1"] {
            let expected = format!("Method not found: {method}; it is not part of an image sidecar");
            assert_eq!(unknown_method(method).message(), expected);
        }
        for hidden in [
            "account/Login/Start".to_owned(),
            "account/log_in/start".to_owned(),
            "image/read".to_owned() + &"/".repeat(100_000),
        ] {
            assert!(unknown_method(&hidden).message().ends_with("; it is not part of an image sidecar"));
        }
    }
}
