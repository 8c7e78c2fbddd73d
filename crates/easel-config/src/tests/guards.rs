//! Mistakes do not lift what the configuration guards.

use serde_json::json;

use super::{Sandbox, object};
use crate::keys::KEYS;
use crate::storable_overrides;

#[test]
fn no_layer_turns_image_generation_on_with_a_broken_home() {
    let on = json!({ "features.image_generation": true });
    let sandbox = Sandbox::new()
        .with_home("x=")
        .with_project("[features]\nimage_generation = true")
        .with_variable("EASEL__FEATURES__IMAGE_GENERATION", "true")
        .with_override("features.image_generation=true");
    assert!(!sandbox.load().config.features.image_generation);
    let loaded = sandbox.load_for_thread(on.clone());
    assert!(!loaded.config.features.image_generation);
    assert!(sandbox.show(&loaded.warnings).contains("features.image_generation"), "{:?}", loaded.warnings);
    assert!(Sandbox::new().with_home("x=1").load_for_thread(on).config.features.image_generation);
}

#[test]
fn invalid_limit_is_the_strictest() {
    for (home, warnings) in [
        ("limits.images_per_day = '1'\nlimits.cost_per_day = '$1'\nlimits.cost_per_thread = -1", 3),
        ("limits.images_per_day = -1\nlimits.cost_per_day = []\nlimits.cost_per_thread = 'none'", 3),
        ("limits = 5", 1),
    ] {
        let loaded = Sandbox::new().with_home(home).load();
        let limits = &loaded.config.limits;
        assert_eq!(
            (limits.images_per_day, limits.cost_per_day, limits.cost_per_thread),
            (Some(0), Some(0.0), Some(0.0))
        );
        assert_eq!(loaded.warnings.len(), warnings, "{home}");
    }
    let loaded = Sandbox::new().with_variable("EASEL__LIMITS__IMAGES_PER_TURN", "none").load();
    assert_eq!((loaded.config.limits.images_per_turn, loaded.warnings.len()), (0, 1));
}

#[test]
fn strictest_values_are_stored_as_valid_ones_are() {
    for key in KEYS.iter().filter(|key| key.strictest.is_some()) {
        let stored = storable_overrides(&object(json!({ key.path: "no valid value" })));
        assert_eq!(storable_overrides(&stored), stored, "{}", key.path);
    }
}
