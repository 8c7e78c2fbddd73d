//! Sheets of several pictures.

/// The most pixels of a side of a sheet, which every graphics processor takes as a texture.
const MAX_SIDE: u32 = 8_192;

/// Where the pictures of a sheet are: in cells of one size, row by row, in about as many rows as columns if both sides
/// have room for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// The left and the top edge of each picture, in pixels.
    pub positions: Vec<(u32, u32)>,
}

impl Sheet {
    /// Arranges pictures of these sizes. Returns `None` without pictures, or if a side had more than 8,192 pixels.
    pub fn arrange(sizes: &[(u32, u32)]) -> Option<Self> {
        let cell = (sizes.iter().map(|size| size.0).max()?, sizes.iter().map(|size| size.1).max()?);
        let count = u32::try_from(sizes.len()).ok()?;
        let square = (1..=count).find(|columns| u64::from(*columns).pow(2) >= u64::from(count))?;
        let (most_columns, most_rows) = (MAX_SIDE / cell.0.max(1), MAX_SIDE / cell.1.max(1));
        if most_columns == 0 || most_rows == 0 {
            return None;
        }
        let columns = square.max(count.div_ceil(most_rows)).min(most_columns);
        let side = |cells: u32, cell: u32| cells.checked_mul(cell).filter(|side| *side <= MAX_SIDE);
        let (width, height) = (side(columns, cell.0)?, side(count.div_ceil(columns), cell.1)?);
        let position = |index: u32| (index % columns * cell.0, index / columns * cell.1);
        Some(Self { width, height, positions: (0..count).map(position).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_in_rows() {
        let sheet = Sheet::arrange(&[(10, 20), (30, 5), (1, 1)]).unwrap();
        assert_eq!(sheet, Sheet { width: 60, height: 40, positions: vec![(0, 0), (30, 0), (0, 20)] });
        assert_eq!(Sheet::arrange(&[(7, 9)]).map(|sheet| (sheet.width, sheet.height)), Some((7, 9)));
    }

    #[test]
    fn wide_and_tall_pictures_are_in_one_column_or_row() {
        let size = |sizes: &[_]| Sheet::arrange(sizes).map(|sheet| (sheet.width, sheet.height));
        assert_eq!(size(&[(4_097, 10); 4]), Some((4_097, 40)));
        assert_eq!(size(&[(10, 4_097); 4]), Some((40, 4_097)));
        assert_eq!(size(&[(100, 4_000); 9]), Some((500, 8_000)));
    }

    #[test]
    fn sheet_has_a_limit() {
        assert_eq!(Sheet::arrange(&[]), None);
        assert!(Sheet::arrange(&[(4_096, 4_096); 4]).is_some());
        assert_eq!(Sheet::arrange(&[(4_097, 4_097); 2]), None);
        assert_eq!(Sheet::arrange(&[(8_193, 1)]), None);
        assert_eq!(Sheet::arrange(&[(u32::MAX, 1); 4]), None);
    }
}
