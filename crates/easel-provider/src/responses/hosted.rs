//! An image of the hosted tool, from base64 in an event to a staged file.

use std::io::{self, Write};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use easel_imagegen::port::{Files, image_error};
use easel_protocol::record::{Billed, ImageError, ImageErrorKind};

/// Base64 of images, which some servers leave without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Characters that are decoded at once: whole groups of four.
const BLOCK: usize = 64 << 10;

/// Writes the image. `billed` is what a failure costs: the provider has done its part.
pub(super) async fn stage<F: Files>(files: &Arc<F>, base64: Bytes, billed: Billed) -> Result<F::Staged, ImageError> {
    let files = Arc::clone(files);
    let staged = tokio::task::spawn_blocking(move || {
        let mut writer = files.create()?;
        decode(&base64, &mut writer)?;
        files.stage(writer)
    });
    let error = match staged.await {
        Ok(Ok(staged)) => return Ok(staged),
        Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
            image_error(ImageErrorKind::BadResponse, "the provider's image is none that can be read")
        }
        Ok(Err(error)) => image_error(ImageErrorKind::Storage, format!("the image cannot be stored: {error}")),
        Err(_) => image_error(ImageErrorKind::Internal, "storing the image failed"),
    };
    Err(ImageError { billed, ..error })
}

fn decode(base64: &[u8], writer: &mut impl Write) -> io::Result<()> {
    let mut bytes = vec![0; BLOCK / 4 * 3];
    let mut blocks = base64.chunks(BLOCK).peekable();
    while let Some(block) = blocks.next() {
        let length = BASE64.decode_slice(block, &mut bytes).map_err(|_| io::ErrorKind::InvalidData)?;
        // Padding ends the text.
        if length < bytes.len() && blocks.peek().is_some() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        writer.write_all(&bytes[..length])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(base64: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        decode(base64, &mut bytes).ok().map(|()| bytes)
    }

    #[test]
    fn blocks_join_to_the_same_bytes() {
        for length in [0, 1, 2, 3, 49_151, 49_152, 49_153, 200_000] {
            let bytes: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
            let base64 = BASE64.encode(&bytes);
            assert_eq!(decoded(base64.as_bytes()).as_ref(), Some(&bytes), "{length}");
            assert_eq!(decoded(base64.trim_end_matches('=').as_bytes()).as_ref(), Some(&bytes), "{length}");
        }
    }

    #[test]
    fn what_is_not_base64_is_invalid_data() {
        assert_eq!(decoded(b"!!!! not base64 $$$$"), None);
        assert_eq!(decoded(b"QUJD\nQUJD"), None);
    }

    #[test]
    fn padding_before_the_end_is_invalid_data() {
        let mut base64 = vec![b'A'; BLOCK - 1];
        base64.push(b'=');
        base64.extend_from_slice(b"AAAA");
        assert_eq!(decoded(&base64), None);
    }
}
