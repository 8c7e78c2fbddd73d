//! Masks of other sizes.

use super::*;

#[test]
fn mask_of_another_size_is_scaled() {
    let small = Picture { width: 2, height: 1, rgba: vec![0, 0, 0, 0, 0, 0, 0, 255], icc_profile: None };
    assert_eq!(Mask::new(&small, (4, 2)).unwrap().inside(), [255, 255, 0, 0, 255, 255, 0, 0]);
    let half = flat(2, 2, [255, 255, 255, 1]);
    assert_eq!(Mask::new(&half, (2, 2)).unwrap().inside(), [0; 4], "only full transparency is inside");
}

#[test]
fn mask_of_another_aspect_is_refused() {
    let square = flat(100, 100, [0; 4]);
    assert_eq!(Mask::new(&square, (200, 202)).map(|_| ()), Ok(()));
    assert_eq!(Mask::new(&square, (200, 203)), Err(MaskAspectError));
    assert_eq!(Mask::new(&square, (150, 100)), Err(MaskAspectError));
}
