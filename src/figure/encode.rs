//! PNG bytes from pixels.
//!
//! Written here because the drawing library encodes into files only. Lines are predicted by the line above, and
//! repeats are found by a short LZ77 search; figures are mostly white, so that fixed codes do well.

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
pub(super) fn png(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::from(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    // Eight bits, true colour, and the only methods there are for compression, filters and order.
    header.extend([8, 2, 0, 0, 0]);
    chunk(&mut out, *b"IHDR", &header);
    chunk(&mut out, *b"IDAT", &zlib(&filtered(width as usize * 3, pixels)));
    chunk(&mut out, *b"IEND", &[]);
    out
}

fn chunk(out: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    out.extend((data.len() as u32).to_be_bytes());
    let start = out.len();
    out.extend(name);
    out.extend(data);
    let sum = crc(&out[start..]);
    out.extend(sum.to_be_bytes());
}

/// Each line as its difference to the line above (filter 2): vertical strokes and areas become zeros.
fn filtered(stride: usize, pixels: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(pixels.len() + pixels.len() / stride.max(1));
    let mut above = vec![0_u8; stride];
    for line in pixels.chunks_exact(stride.max(1)) {
        out.push(2);
        out.extend(line.iter().zip(&above).map(|(here, up)| here.wrapping_sub(*up)));
        above.copy_from_slice(line);
    }
    out
}

/// CRC-32 as in PNG.
fn crc(data: &[u8]) -> u32 {
    let table: Vec<u32> = (0..256_u32)
        .map(|byte| (0..8).fold(byte, |c, _| if c & 1 == 1 { 0xedb8_8320 ^ (c >> 1) } else { c >> 1 }))
        .collect();
    !data.iter().fold(!0_u32, |c, byte| table[((c ^ u32::from(*byte)) & 0xff) as usize] ^ (c >> 8))
}

/// Adler-32 as in zlib.
fn adler(data: &[u8]) -> u32 {
    let (mut low, mut high) = (1_u32, 0_u32);
    // 5552 bytes are the most whose sums fit before a reduction.
    for part in data.chunks(5552) {
        for byte in part {
            low += u32::from(*byte);
            high += low;
        }
        low %= 65_521;
        high %= 65_521;
    }
    high << 16 | low
}

/// Bits from the least significant up, as deflate packs them.
#[derive(Default)]
struct Bits {
    out: Vec<u8>,
    held: u64,
    count: u32,
}

impl Bits {
    fn push(&mut self, value: u32, count: u32) {
        self.held |= u64::from(value) << self.count;
        self.count += count;
        while self.count >= 8 {
            self.out.push((self.held & 0xff) as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    /// Huffman codes go in from their most significant bit.
    fn code(&mut self, code: u32, count: u32) {
        self.push(code.reverse_bits() >> (32 - count), count);
    }

    /// A literal or length symbol in the fixed code.
    fn symbol(&mut self, symbol: u32) {
        match symbol {
            0..=143 => self.code(0x30 + symbol, 8),
            144..=255 => self.code(0x190 + symbol - 144, 9),
            256..=279 => self.code(symbol - 256, 7),
            _ => self.code(0xc0 + symbol - 280, 8),
        }
    }
}

/// Symbol, count of extra bits and their value for a match length of 3 to 258.
fn length_code(length: usize) -> (u32, u32, u32) {
    if length == 258 {
        return (285, 0, 0);
    }
    let above = (length - 3) as u32;
    let extra = if above < 8 { 0 } else { above.ilog2() - 2 };
    (257 + 4 * extra + (above >> extra), extra, above & ((1 << extra) - 1))
}

/// The same for a distance of 1 to 32768.
fn distance_code(distance: usize) -> (u32, u32, u32) {
    let above = (distance - 1) as u32;
    let extra = if above < 4 { 0 } else { above.ilog2() - 1 };
    (2 * extra + (above >> extra), extra, above & ((1 << extra) - 1))
}

const WINDOW: usize = 32_768;
const LONGEST: usize = 258;
/// Candidates tried for a match.
const TRIES: usize = 24;

/// A zlib stream of one block with fixed codes.
fn zlib(data: &[u8]) -> Vec<u8> {
    let mut bits = Bits { out: vec![0x78, 0x9c], ..Bits::default() };
    bits.push(0b011, 3);
    let mut search = Search::new(data);
    let mut at = 0;
    while at < data.len() {
        let (length, distance) = search.longest(at);
        if length < 4 {
            bits.symbol(u32::from(data[at]));
            search.enter(at);
            at += 1;
            continue;
        }
        let (symbol, extra, value) = length_code(length);
        bits.symbol(symbol);
        bits.push(value, extra);
        let (symbol, extra, value) = distance_code(distance);
        bits.code(symbol, 5);
        bits.push(value, extra);
        (at..at + length).for_each(|i| search.enter(i));
        at += length;
    }
    bits.symbol(256);
    bits.push(0, (8 - bits.count % 8) % 8);
    let mut out = bits.out;
    out.extend(adler(data).to_be_bytes());
    out
}

/// Earlier places with the same four bytes, as chains.
struct Search<'a> {
    data: &'a [u8],
    head: Vec<usize>,
    previous: Vec<usize>,
}

const NONE: usize = usize::MAX;

impl<'a> Search<'a> {
    fn new(data: &'a [u8]) -> Self {
        Search { data, head: vec![NONE; 1 << 15], previous: vec![NONE; WINDOW] }
    }

    fn slot(&self, at: usize) -> Option<usize> {
        let four = self.data.get(at..at + 4)?;
        let word = u32::from_le_bytes([four[0], four[1], four[2], four[3]]);
        Some((word.wrapping_mul(0x9e37_79b1) >> 17) as usize)
    }

    fn enter(&mut self, at: usize) {
        if let Some(slot) = self.slot(at) {
            self.previous[at % WINDOW] = self.head[slot];
            self.head[slot] = at;
        }
    }

    fn longest(&self, at: usize) -> (usize, usize) {
        let most = LONGEST.min(self.data.len() - at);
        let mut best = (0, 0);
        let mut place = self.slot(at).map_or(NONE, |slot| self.head[slot]);
        for _ in 0..TRIES {
            if place == NONE || at - place >= WINDOW || best.0 == most {
                break;
            }
            let length = self.data[place..].iter().zip(&self.data[at..at + most]).take_while(|(a, b)| a == b).count();
            if length > best.0 {
                best = (length, at - place);
            }
            let next = self.previous[place % WINDOW];
            // A slot that was used again points forwards: the chain ends there.
            place = if next < place { next } else { NONE };
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn checksums_of_known_texts() {
        // Reference: the check values that the definitions of CRC-32/ISO-HDLC and Adler-32 are published with.
        assert_eq!(crc(b"123456789"), 0xcbf4_3926);
        assert_eq!(adler(b"Wikipedia"), 0x11e6_0398);
    }

    #[test]
    fn codes_at_the_borders_of_the_tables() {
        // Reference: tables of RFC 1951, section 3.2.5.
        assert_eq!(
            [3, 10, 11, 12, 19, 257, 258].map(length_code),
            [(257, 0, 0), (264, 0, 0), (265, 1, 0), (265, 1, 1), (269, 2, 0), (284, 5, 30), (285, 0, 0)]
        );
        assert_eq!(
            [1, 4, 5, 8, 9, 24_577, 32_768].map(distance_code),
            [(0, 0, 0), (3, 0, 0), (4, 1, 0), (5, 1, 1), (6, 2, 0), (29, 13, 0), (29, 13, 8191)]
        );
    }

    /// Reads back what [`zlib`] writes: one block of fixed codes.
    fn inflate(stream: &[u8]) -> Vec<u8> {
        let (mut at, mut out) = (16 + 3, Vec::new());
        let mut bit = || {
            let b = u32::from(stream[at / 8] >> (at % 8) & 1);
            at += 1;
            b
        };
        let code = |bit: &mut dyn FnMut() -> u32, n: u32| (0..n).fold(0, |c, _| c << 1 | bit());
        let plain = |bit: &mut dyn FnMut() -> u32, n: u32| (0..n).fold(0, |c, i| c | bit() << i);
        loop {
            let seven = code(&mut bit, 7);
            let symbol = if seven < 24 {
                256 + seven
            } else {
                let eight = seven << 1 | bit();
                match eight {
                    0x30..=0xbf => eight - 0x30,
                    0xc0..=0xc7 => 280 + eight - 0xc0,
                    _ => 144 + ((eight << 1 | bit()) - 0x190),
                }
            };
            match symbol {
                0..=255 => out.push(symbol as u8),
                256 => return out,
                _ => {
                    let (_, extra, _) = (3..=258).map(length_code).find(|c| c.0 == symbol).unwrap();
                    let value = plain(&mut bit, extra);
                    let length = (3..=258).find(|l| length_code(*l) == (symbol, extra, value)).unwrap();
                    let symbol = code(&mut bit, 5);
                    let (_, extra, _) = (1..=32_768).map(distance_code).find(|c| c.0 == symbol).unwrap();
                    let value = plain(&mut bit, extra);
                    let distance = (1..=32_768).find(|d| distance_code(*d) == (symbol, extra, value)).unwrap();
                    (0..length).for_each(|_| out.push(out[out.len() - distance]));
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn what_is_packed_unpacks(data in proptest::collection::vec(0_u8..4, 0..600), wide in any::<[u8; 16]>()) {
            let mut data = data;
            data.extend(wide);
            data.extend(std::iter::repeat_n(7, 1000));
            data.extend_from_within(..);
            prop_assert_eq!(inflate(&zlib(&data)), data);
        }
    }

    #[test]
    fn shrinking_averages() {
        let pixels = [[0, 0, 0], [4, 0, 0], [8, 0, 3], [0, 0, 1]].concat();
        assert_eq!(shrink(&pixels, 2, 2), vec![3, 0, 1]);
    }
}
