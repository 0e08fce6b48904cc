//! PNG bytes from pixels: averaging, then the encoder that the drawing library offers for files only.

/// Averages squares of `factor` x `factor` pixels of three bytes.
pub(super) fn shrink(pixels: &[u8], width: u32, factor: u32) -> Vec<u8> {
    let (width, factor) = (width as usize, factor as usize);
    let rows = pixels.len() / (3 * width);
    let mut out = Vec::with_capacity(pixels.len() / (factor * factor));
    for row in 0..rows / factor {
        for column in 0..width / factor {
            for channel in 0..3 {
                let sum: u32 = (0..factor * factor)
                    .map(|i| (row * factor + i / factor) * width + column * factor + i % factor)
                    .map(|at| u32::from(pixels[3 * at + channel]))
                    .sum();
                let count = (factor * factor) as u32;
                // An average of bytes is a byte.
                out.push(((sum + count / 2) / count) as u8);
            }
        }
    }
    out
}

/// Encodes 8-bit RGB pixels.
pub(super) fn png(width: u32, height: u32, pixels: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Best);
    encoder.set_filter(png::FilterType::Up);
    encoder.write_header()?.write_image_data(pixels)?;
    Ok(out)
}
