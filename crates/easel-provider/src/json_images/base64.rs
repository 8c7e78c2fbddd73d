//! Base64 that arrives in pieces and is decoded in blocks.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Encoded bytes that are decoded at once. A multiple of four.
const BLOCK: usize = 16 << 10;

/// Accepts text without padding, because some servers omit it.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The error of a text that is not base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid base64")]
pub(crate) struct InvalidBase64;

/// A decoder that buffers one block, whatever the length of the text.
#[derive(Debug, Default)]
pub(super) struct Base64Decoder {
    block: Vec<u8>,
    decoded: Vec<u8>,
    /// Whether padding was read. Nothing may follow it.
    has_padding: bool,
}

impl Base64Decoder {
    /// Adds text and passes the bytes that it decodes to `on`.
    ///
    /// # Errors
    ///
    /// Fails if the text is not base64.
    pub(super) fn feed(&mut self, mut text: &[u8], on: &mut impl FnMut(&[u8])) -> Result<(), InvalidBase64> {
        while !text.is_empty() {
            let (now, later) = text.split_at(text.len().min(BLOCK - self.block.len()));
            self.block.extend_from_slice(now);
            text = later;
            if self.block.len() == BLOCK {
                self.decode(on)?;
            }
        }
        Ok(())
    }

    /// Decodes the rest of the text. The decoder is then ready for the next text.
    ///
    /// # Errors
    ///
    /// Fails if the text is not base64.
    pub(super) fn finish(&mut self, on: &mut impl FnMut(&[u8])) -> Result<(), InvalidBase64> {
        let end = self.decode(on);
        self.block.clear();
        self.has_padding = false;
        end
    }

    /// Returns the bytes of memory in use.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.block.capacity() + self.decoded.capacity()
    }

    fn decode(&mut self, on: &mut impl FnMut(&[u8])) -> Result<(), InvalidBase64> {
        if self.block.is_empty() {
            return Ok(());
        }
        if self.has_padding {
            return Err(InvalidBase64);
        }
        self.decoded.resize(BLOCK / 4 * 3, 0);
        let decoded = ENGINE.decode_slice(&self.block, &mut self.decoded).map_err(|_| InvalidBase64)?;
        self.has_padding = self.block.ends_with(b"=");
        self.block.clear();
        on(&self.decoded[..decoded]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(pieces: &[&[u8]]) -> Result<Vec<u8>, InvalidBase64> {
        let (mut decoder, mut bytes) = (Base64Decoder::default(), Vec::new());
        for piece in pieces {
            decoder.feed(piece, &mut |decoded| bytes.extend_from_slice(decoded))?;
        }
        decoder.finish(&mut |decoded| bytes.extend_from_slice(decoded))?;
        Ok(bytes)
    }

    #[test]
    fn padding_is_optional_and_final() {
        assert_eq!(decode(&[b"aGk="]), Ok(b"hi".to_vec()));
        assert_eq!(decode(&[b"aG", b"k"]), Ok(b"hi".to_vec()));
        assert_eq!(decode(&[b"aGk=aGk="]), Err(InvalidBase64));
        let mut block = vec![b'A'; BLOCK];
        block[BLOCK - 1] = b'=';
        assert_eq!(decode(&[&block, b"aGk="]), Err(InvalidBase64));
    }

    #[test]
    fn invalid_characters_are_rejected() {
        for text in ["aG k", "a", "aGk-", "\u{e9}"] {
            assert_eq!(decode(&[text.as_bytes()]), Err(InvalidBase64), "{text}");
        }
    }
}
