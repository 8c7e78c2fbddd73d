//! Base64 that arrives in pieces, decoded in blocks.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Encoded bytes that are decoded at once; a multiple of four.
const BLOCK: usize = 16 << 10;

/// Not every server pads.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not base64")]
pub(crate) struct NotBase64;

/// Holds one block, whatever the length of what it decodes.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    block: Vec<u8>,
    decoded: Vec<u8>,
    /// Padding was seen: nothing may follow it.
    padded: bool,
}

impl Decoder {
    /// Takes more text, and gives what is decoded of it to `on`.
    pub(super) fn feed(&mut self, mut text: &[u8], on: &mut impl FnMut(&[u8])) -> Result<(), NotBase64> {
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

    /// Decodes what is left, and is ready for the next text.
    pub(super) fn finish(&mut self, on: &mut impl FnMut(&[u8])) -> Result<(), NotBase64> {
        let end = self.decode(on);
        self.block.clear();
        self.padded = false;
        end
    }

    /// Bytes of memory in use.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.block.capacity() + self.decoded.capacity()
    }

    fn decode(&mut self, on: &mut impl FnMut(&[u8])) -> Result<(), NotBase64> {
        if self.block.is_empty() {
            return Ok(());
        }
        if self.padded {
            return Err(NotBase64);
        }
        self.decoded.resize(BLOCK / 4 * 3, 0);
        let decoded = ENGINE.decode_slice(&self.block, &mut self.decoded).map_err(|_| NotBase64)?;
        self.padded = self.block.ends_with(b"=");
        self.block.clear();
        on(&self.decoded[..decoded]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(pieces: &[&[u8]]) -> Result<Vec<u8>, NotBase64> {
        let (mut decoder, mut bytes) = (Decoder::default(), Vec::new());
        for piece in pieces {
            decoder.feed(piece, &mut |decoded| bytes.extend_from_slice(decoded))?;
        }
        decoder.finish(&mut |decoded| bytes.extend_from_slice(decoded))?;
        Ok(bytes)
    }

    #[test]
    fn padding_may_be_missing_but_nothing_may_follow_it() {
        assert_eq!(decode(&[b"aGk="]), Ok(b"hi".to_vec()));
        assert_eq!(decode(&[b"aG", b"k"]), Ok(b"hi".to_vec()));
        assert_eq!(decode(&[b"aGk=aGk="]), Err(NotBase64));
        let mut block = vec![b'A'; BLOCK];
        block[BLOCK - 1] = b'=';
        assert_eq!(decode(&[&block, b"aGk="]), Err(NotBase64));
    }

    #[test]
    fn other_characters_are_refused() {
        for text in ["aG k", "a", "aGk-", "\u{e9}"] {
            assert_eq!(decode(&[text.as_bytes()]), Err(NotBase64), "{text}");
        }
    }
}
