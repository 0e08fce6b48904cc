//! The bundled font: registration, widths, line breaks, and numbers as labels.

use super::FigureError;
use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};
use std::sync::OnceLock;

/// The name under which DejaVu Sans is registered. The SVG backend writes it as the `font-family`, hence the list
/// of substitutes of like widths.
pub(super) const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";

/// Registers the font with plotters, once per process.
pub(super) fn register() -> Result<(), FigureError> {
    static DONE: OnceLock<bool> = OnceLock::new();
    let done = DONE.get_or_init(|| {
        register_font(FAMILY, FontStyle::Normal, dejavu::sans::regular()).is_ok()
            && register_font(FAMILY, FontStyle::Bold, dejavu::sans::bold()).is_ok()
    });
    if *done { Ok(()) } else { Err(FigureError::Font) }
}

/// Height of DejaVu's line over its em square: what the renderer calls size is the former.
pub(super) const LINE_OVER_EM: f64 = 1.164;

/// Width of a text at an em size; an estimate where the font is not registered.
pub(super) fn width(text: &str, size: f64, bold: bool) -> f64 {
    let style = if bold { FontStyle::Bold } else { FontStyle::Normal };
    let font = FontDesc::new(FontFamily::Name(FAMILY), 1000.0 * LINE_OVER_EM, style);
    match font.box_size(text) {
        Ok((wide, _)) => f64::from(wide) / 1000.0 * size,
        Err(_) => text.chars().count() as f64 * 0.6 * size,
    }
}

/// Text on one line, without characters that XML refuses.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || c == '\u{fffe}' || c == '\u{ffff}' { ' ' } else { c }).collect()
}

/// Shortens a text to a width, marking the cut.
pub(super) fn shorten(text: &str, size: f64, bold: bool, room: f64) -> String {
    if width(text, size, bold) <= room {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    // Widths grow with the number of letters: bisect.
    let (mut fits, mut fails) = (0, letters.len());
    while fails - fits > 1 {
        let middle = usize::midpoint(fits, fails);
        let candidate: String = letters[..middle].iter().collect::<String>() + "…";
        if width(&candidate, size, bold) <= room { fits = middle } else { fails = middle }
    }
    letters[..fits].iter().collect::<String>().trim_end().to_owned() + "…"
}

/// Breaks a text at spaces into at most `most` lines; what is left over is cut with a mark.
pub(super) fn wrap(text: &str, size: f64, bold: bool, room: f64, most: usize) -> Vec<String> {
    let text = clean(text);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if line.is_empty() || lines.len() + 1 >= most || width(&longer, size, bold) <= room {
            line = longer;
        } else {
            lines.push(std::mem::replace(&mut line, word.to_owned()));
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines.into_iter().map(|l| shorten(&l, size, bold, room)).collect()
}

/// An integer in superscript digits.
pub(super) fn superscript(value: i32) -> String {
    let raise = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '0' => '⁰',
        '4'..='9' => char::from_u32('⁰' as u32 + (c as u32 - '0' as u32)).unwrap_or(c),
        other => other,
    };
    value.to_string().chars().map(raise).collect()
}

/// A number with a fixed count of decimals and a proper minus sign; no negative zero.
pub(super) fn plain(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.chars().all(|c| c == '0' || c == '.') => digits.to_owned(),
        Some(digits) => format!("−{digits}"),
        None => text,
    }
}

/// The power of ten at or below the size of a value; 0 for 0.
pub(super) fn exponent(value: f64) -> i32 {
    if value == 0.0 || !value.is_finite() {
        return 0;
    }
    let guess = libm::floor(libm::log10(value.abs())) as i32;
    // The logarithm of a power of ten may round to either side: 9.99..e4 must not read 10e4.
    if value.abs() >= power(guess + 1) {
        guess + 1
    } else if value.abs() < power(guess) {
        guess - 1
    } else {
        guess
    }
}

/// A power of ten, as good as its nearest double.
pub(super) fn power(exponent: i32) -> f64 {
    // Decimal literals are rounded correctly, powers computed by multiplication are not.
    format!("1e{exponent}").parse().unwrap_or(f64::MAX)
}

/// `m×10ⁿ` with the decimals that a step of `10^resolution` needs.
pub(super) fn scientific(value: f64, resolution: i32) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let mut shown = exponent(value);
    let mut mantissa = mantissa(value, shown);
    let decimals = usize::try_from(shown.saturating_sub(resolution)).unwrap_or(0).min(12);
    if plain(mantissa.abs(), decimals).starts_with("10") {
        // Rounding carried into the next power.
        shown += 1;
        mantissa /= 10.0;
    }
    let digits = plain(mantissa, decimals);
    let ten = format!("10{}", superscript(shown));
    match digits.as_str() {
        "1" => ten,
        "−1" => format!("−{ten}"),
        _ => format!("{digits}×{ten}"),
    }
}

fn mantissa(value: f64, exponent: i32) -> f64 {
    // Powers below 1e-308 lose digits; go there in two steps.
    if exponent < -300 { value * 1e300 / power(exponent + 300) } else { value / power(exponent) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_printed() {
        let table: [(f64, i32, &str); 8] = [
            (0.0, -3, "0"),
            (1e5, 5, "10⁵"),
            (-1e5, 5, "−10⁵"),
            (2.5e6, 5, "2.5×10⁶"),
            (9.999_999e4, 4, "10⁵"),
            (3e-301, -301, "3×10⁻³⁰¹"),
            (1e300, 299, "1.0×10³⁰⁰"),
            (1e-7, -7, "10⁻⁷"),
        ];
        for (value, resolution, expected) in table {
            assert_eq!(scientific(value, resolution), expected, "{value}");
        }
        assert_eq!(plain(-0.000_1, 2), "0.00");
        assert_eq!(plain(-1.5, 1), "−1.5");
        assert_eq!(superscript(-307), "⁻³⁰⁷");
    }

    #[test]
    fn exponents_are_exact_at_powers() {
        for e in -307..=308 {
            assert_eq!(exponent(power(e)), e);
        }
    }

    #[test]
    fn the_font_has_every_sign_used() {
        register().unwrap();
        // A missing glyph has the width of the replacement box.
        let missing = width("\u{e123}", 10.0, false);
        for sign in ["⁻", "⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹", "×", "−", "…", "∇", "σ", "‖", "≤"]
        {
            assert!(width(sign, 10.0, false) > 0.0 && width(sign, 10.0, false) != missing, "{sign}");
        }
    }

    #[test]
    fn long_texts_break_and_end_in_a_mark() {
        register().unwrap();
        let text = "a text of several words that does not fit on one line of this width";
        let lines = wrap(text, 10.0, false, 120.0, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].ends_with('…'));
        assert!(lines.iter().all(|l| width(l, 10.0, false) <= 120.0));
        assert_eq!(wrap(text, 10.0, false, 4000.0, 2), vec![text.to_owned()]);
        assert!(wrap("", 10.0, false, 100.0, 2).is_empty());
    }
}
