//! The names of colors.

/// Finds the color of a name, as `0xRRGGBB`.
pub(super) fn find_color(word: &str) -> Option<u32> {
    COLORS.iter().find(|(name, _)| *name == word).map(|(_, hex)| *hex)
}

const COLORS: &[(&str, u32)] = &[
    ("red", 0xe0_2b_2f),
    ("crimson", 0xb8_1d_3a),
    ("orange", 0xf2_82_1e),
    ("yellow", 0xf7_cb_2d),
    ("gold", 0xd9_a5_21),
    ("golden", 0xd9_a5_21),
    ("green", 0x2f_a0_4e),
    ("lime", 0x8c_cc_2f),
    ("olive", 0x7c_80_2a),
    ("teal", 0x16_8c_8c),
    ("turquoise", 0x35_c4_c0),
    ("cyan", 0x2b_c1_dc),
    ("blue", 0x2a_62_d9),
    ("navy", 0x1b_2f_66),
    ("indigo", 0x45_3b_b0),
    ("purple", 0x86_3f_c2),
    ("violet", 0x86_4f_d6),
    ("magenta", 0xd1_2f_a6),
    ("pink", 0xf2_82_b0),
    ("coral", 0xf5_76_62),
    ("brown", 0x86_58_33),
    ("beige", 0xde_cb_a6),
    ("black", 0x22_24_2a),
    ("white", 0xf8_f9_fb),
    ("gray", 0x8d_93_9c),
    ("grey", 0x8d_93_9c),
    ("silver", 0xb9_c0_c9),
];

/// Finds the first name of a color.
#[cfg(test)]
pub(super) fn find_name(color: u32) -> Option<&'static str> {
    COLORS.iter().find(|(_, hex)| *hex == color).map(|(name, _)| *name)
}
