use easel_imagegen::capability::{AuthKind, Parameter};
use easel_imagegen::preset::Preset;

use super::*;

/// Every preset with an HTTP API of its own.
fn presets() -> impl Iterator<Item = Preset> {
    Preset::ALL.iter().copied().filter(|preset| *preset != Preset::Preview)
}

fn format_row(profile: &ApiProfile) -> String {
    let auth = match &profile.auth {
        AuthScheme::Bearer => "bearer".to_owned(),
        AuthScheme::Header(name) => name.clone(),
        AuthScheme::None => "none".to_owned(),
    };
    let edit = match &profile.edit {
        Edit::None => "none".to_owned(),
        Edit::Multipart { image_field, mask_field } => {
            format!("multipart {image_field} {}", mask_field.as_deref().unwrap_or("-"))
        }
        Edit::JsonImages => "json images".to_owned(),
        Edit::JsonXai => "json image".to_owned(),
        Edit::GenerateJson { field, encoding } => format!("generate {field} {encoding:?}"),
    };
    let format = profile.generate.response_format.map_or("omit".to_owned(), |format| format!("{format:?}"));
    format!(
        "{auth} {:?} | {format} {:?} {:?} | {edit} | {} images of {} bytes, n {} | {} {} {} {} {} {}",
        profile.image_auth,
        profile.generate.size,
        profile.generate.parameters,
        profile.limits.max_images,
        profile.limits.max_image_bytes,
        profile.limits.max_n,
        if profile.hosted_image_generation { "hosted" } else { "-" },
        if profile.bills { "bills" } else { "-" },
        if profile.namespace_tools { "namespaces" } else { "-" },
        if profile.models_endpoint { "models" } else { "-" },
        if profile.prompt_cache_key { "key" } else { "-" },
        if profile.cache_breakpoints { "breakpoints" } else { "-" },
    )
}

#[test]
fn presets_match_their_rows() {
    let rows: Vec<String> =
        presets().map(|preset| format!("{preset:?}: {}", format_row(&ApiProfile::from_preset(preset)))).collect();
    insta::assert_snapshot!(rows.join("\n"), @"
    Openai: bearer {ApiKey} | omit Text {Size, Quality, Background, OutputFormat, N, Mask} | multipart image[] mask | 16 images of 50000000 bytes, n 10 | hosted bills namespaces - key breakpoints
    Codex: bearer {Chatgpt, Actor} | omit Text {Background} | json images | 5 images of 15700000 bytes, n 1 | hosted bills namespaces - key -
    Azure: api-key {ApiKey} | omit Text {Size, Quality, Background, OutputFormat, N, Mask} | multipart image[] mask | 16 images of 50000000 bytes, n 10 | hosted bills namespaces - key breakpoints
    AzureLegacy: api-key {ApiKey} | omit Text {Size, Quality, Background, OutputFormat, N, Mask} | multipart image[] mask | 16 images of 50000000 bytes, n 10 | hosted bills namespaces - - -
    Litellm: bearer {ApiKey, None} | omit Text {Size, Quality, Background, OutputFormat, N, Mask} | multipart image[] mask | 16 images of 50000000 bytes, n 10 | hosted bills namespaces models - -
    SdServer: none {None} | omit TextWithoutAuto {Size, N, Mask} | multipart image[] mask | 5 images of 50000000 bytes, n 10 | - - namespaces - - -
    Localai: bearer {ApiKey, None} | B64Json TextWithoutAuto {Size, N} | generate ref_images Base64 | 5 images of 50000000 bytes, n 10 | - - - models - -
    VllmOmni: bearer {ApiKey, None} | B64Json TextWithoutAuto {Size, N, Mask} | multipart image[] mask_image | 5 images of 50000000 bytes, n 10 | - - namespaces models - -
    Sglang: bearer {ApiKey, None} | B64Json TextWithoutAuto {Size, N} | multipart image[] - | 5 images of 50000000 bytes, n 10 | - - - models - -
    Together: bearer {ApiKey} | Base64 WidthHeight {Size, OutputFormat, N} | generate reference_images DataUrl | 5 images of 50000000 bytes, n 10 | - bills namespaces models - -
    Xai: bearer {ApiKey} | B64Json AspectResolution {Size, N} | json image | 3 images of 50000000 bytes, n 10 | - bills - models - -
    Generic: bearer {ApiKey, None} | TryB64Json TextWithoutAuto {Size, N} | multipart image[] mask | 5 images of 50000000 bytes, n 10 | - bills namespaces models - -
    ");
}

#[test]
fn only_legacy_azure_has_deployment_path_and_version() {
    for preset in presets() {
        let profile = ApiProfile::from_preset(preset);
        let legacy = preset == Preset::AzureLegacy;
        assert_eq!(profile.path_style == PathStyle::AzureDeployment, legacy, "{preset:?}");
        assert_eq!(profile.query.contains_key("api-version"), legacy, "{preset:?}");
    }
}

#[test]
fn capabilities_follow_from_the_profile() {
    let openai = ApiProfile::from_preset(Preset::Openai).capabilities();
    assert!(openai.image_generation && openai.hosted_image_generation && openai.namespace_tools && openai.bills);
    assert_eq!((openai.max_references, openai.max_n), (16, 10));
    assert!(openai.parameters.contains(&Parameter::Mask) && !openai.image_auth.contains(&AuthKind::Chatgpt));
    let codex = ApiProfile::from_preset(Preset::Codex).capabilities();
    assert_eq!((codex.max_references, codex.max_n, codex.image_auth.len()), (5, 1, 2));
}

#[test]
fn provider_without_edits_takes_no_references() {
    let profile = ApiProfile { edit: Edit::None, ..ApiProfile::from_preset(Preset::Generic) };
    assert_eq!(profile.capabilities().max_references, 0);
}

#[test]
fn mask_is_advertised_only_with_a_mask_field() {
    for preset in presets() {
        let profile = ApiProfile::from_preset(preset);
        let has_field = matches!(&profile.edit, Edit::Multipart { mask_field: Some(_), .. });
        let advertised = profile.generate.parameters.contains(&Parameter::Mask);
        assert!(has_field || !advertised, "{preset:?}");
    }
}
