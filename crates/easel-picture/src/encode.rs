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

    /// Encodes as a PNG, with alpha unless every pixel is opaque.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`] if the encoder refuses the size.
    pub fn to_png(&self) -> Result<Vec<u8>, Error> {
        self.encode_png(self.png_samples(), png::Compression::default())
    }

    /// Encodes as [`Self::to_png`] does, in a shorter time, which makes a longer file.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`] if the encoder refuses the size.
    pub fn to_fast_png(&self) -> Result<Vec<u8>, Error> {
        self.encode_png(self.png_samples(), png::Compression::Fast)
    }

    /// Encodes as a PNG that has alpha even if every pixel is opaque.
    pub(crate) fn to_rgba_png(&self) -> Result<Vec<u8>, Error> {
        self.encode_png(png::ColorType::Rgba, png::Compression::default())
    }

    fn png_samples(&self) -> png::ColorType {
        if self.is_opaque() { png::ColorType::Rgb } else { png::ColorType::Rgba }
    }

    fn encode_png(&self, color_type: png::ColorType, compression: png::Compression) -> Result<Vec<u8>, Error> {
        let encode = |error: png::EncodingError| Error::Encode(error.into());
        let mut info = png::Info::with_size(self.width, self.height);
        info.icc_profile = self.icc_profile.as_deref().map(Into::into);
        info.color_type = color_type;
        info.bit_depth = png::BitDepth::Eight;
        let rgb: Vec<u8>;
        let samples = if color_type == png::ColorType::Rgb {
            rgb = self.rgba.as_chunks::<4>().0.iter().flat_map(|[color @ .., _]| *color).collect();
            &rgb
        } else {
            &self.rgba
        };
        let mut bytes = Vec::with_capacity(samples.len() / 4);
        let mut encoder = png::Encoder::with_info(&mut bytes, info).map_err(encode)?;
        encoder.set_compression(compression);
        let mut writer = encoder.write_header().map_err(encode)?;
        writer.write_image_data(samples).map_err(encode)?;
        writer.finish().map_err(encode)?;
        Ok(bytes)
    }

    /// Encodes as a lossless WebP with alpha.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`] for a side of more than 16,384 pixels.
    pub fn to_webp(&self) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::with_capacity(self.rgba.len() / 4);
        let mut encoder = image_webp::WebPEncoder::new(&mut bytes);
        if let Some(profile) = &self.icc_profile {
            encoder.set_icc_profile(profile.clone());
        }
        let encoded = encoder.encode(&self.rgba, self.width, self.height, image_webp::ColorType::Rgba8);
        encoded.map_err(|error| Error::Encode(error.into()))?;
        Ok(bytes)
    }
}
