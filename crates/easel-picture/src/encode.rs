//! Encoders for scaled pictures.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::{Error, Picture};

impl Picture {
    /// Encodes as a baseline JPEG with full color resolution (4:4:4), and drops alpha.
    ///
    /// `quality` is from 1 to 100. Generated pictures have colored edges, where 4:4:4 at a lower quality beats the
    /// usual 4:2:0 at a higher one in both size and similarity. The Huffman tables stay the default ones: with
    /// optimized tables the encoder writes one scan a component, which some decoders read as noise.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`] for a side of more than 65,535 pixels.
    pub fn to_jpeg(&self, quality: u8) -> Result<Vec<u8>, Error> {
        let encode = |error: jpeg_encoder::EncodingError| Error::Encode(error.into());
        let side = |side: u32| u16::try_from(side).map_err(|error| Error::Encode(error.into()));
        let mut bytes = Vec::with_capacity(self.rgba.len() / 16);
        let mut encoder = Encoder::new(&mut bytes, quality);
        encoder.set_sampling_factor(SamplingFactor::F_1_1);
        if let Some(profile) = &self.icc_profile {
            encoder.add_icc_profile(profile).map_err(encode)?;
        }
        encoder.encode(&self.rgba, side(self.width)?, side(self.height)?, ColorType::Rgba).map_err(encode)?;
        Ok(bytes)
    }

    /// Encodes as a PNG with alpha.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`] if the encoder refuses the size.
    pub fn to_png(&self) -> Result<Vec<u8>, Error> {
        let encode = |error: png::EncodingError| Error::Encode(error.into());
        let mut info = png::Info::with_size(self.width, self.height);
        info.icc_profile = self.icc_profile.as_deref().map(Into::into);
        info.color_type = png::ColorType::Rgba;
        info.bit_depth = png::BitDepth::Eight;
        let mut bytes = Vec::with_capacity(self.rgba.len() / 4);
        let encoder = png::Encoder::with_info(&mut bytes, info).map_err(encode)?;
        let mut writer = encoder.write_header().map_err(encode)?;
        writer.write_image_data(&self.rgba).map_err(encode)?;
        writer.finish().map_err(encode)?;
        Ok(bytes)
    }
}
