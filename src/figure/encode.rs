//! PNG bytes from pixels: averaging, then the encoder that the drawing library offers for files only. And their text.

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

/// Bytes as text, four letters for three bytes (RFC 4648, section 4).
pub(super) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let word = (0..3).fold(0_usize, |word, i| word << 8 | usize::from(three.get(i).copied().unwrap_or(0)));
        for i in 0..4 {
            let letter = char::from(LETTERS[word >> (18 - 6 * i) & 63]);
            out.push(if i <= three.len() { letter } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn texts_are_those_of_the_standard() {
        // Reference: RFC 4648, section 10.
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[255, 239, 190]), "/+++");
    }
}
