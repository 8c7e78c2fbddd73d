use easel_imagegen::capability::{AuthKind, Parameter};

use super::Preset;
use crate::record::{AuthScheme, Edit, Record};

const ALL: [Preset; 12] = [
    Preset::Openai,
    Preset::Codex,
    Preset::Azure,
    Preset::AzureLegacy,
    Preset::Litellm,
    Preset::SdServer,
    Preset::Localai,
    Preset::VllmOmni,
    Preset::Sglang,
    Preset::Together,
    Preset::Xai,
    Preset::Generic,
];

fn row(record: &Record) -> String {
    let auth = match &record.auth {
        AuthScheme::Bearer => "bearer".to_owned(),
        AuthScheme::Header(name) => name.clone(),
        AuthScheme::None => "none".to_owned(),
    };
    let edit = match &record.edit {
        Edit::None => "none".to_owned(),
        Edit::Multipart { image_field, mask_field } => {
            format!("multipart {image_field} {}", mask_field.as_deref().unwrap_or("-"))
        }
        Edit::JsonImages => "json images".to_owned(),
        Edit::JsonXai => "json image".to_owned(),
        Edit::GenerateJson { field, encoding } => format!("generate {field} {encoding:?}"),
    };
    let format = record.generate.response_format.map_or("omit".to_owned(), |format| format!("{format:?}"));
    format!(
        "{auth} {:?} | {format} {:?} {:?} | {edit} | {} images of {} bytes, n {} | {} {} {} {}",
        record.image_auth,
        record.generate.size,
        record.generate.parameters,
        record.limits.max_images,
        record.limits.max_image_bytes,
        record.limits.max_n,
        if record.hosted_image_generation { "hosted" } else { "-" },
        if record.bills { "bills" } else { "-" },
        if record.namespace_tools { "namespaces" } else { "-" },
        if record.models_endpoint { "models" } else { "-" },
    )
}

#[test]
fn every_preset_is_its_row() {
    let rows: Vec<String> = ALL.iter().map(|preset| format!("{preset:?}: {}", row(&preset.record()))).collect();
    insta::assert_snapshot!(rows.join("\n"), @"
    Openai: bearer {ApiKey} | omit Text {Size, Quality, Background, OutputFormat, N, Mask} | multipart image[] mask | 16 images of 50000000 bytes, n 10 | hosted bills namespaces -
    Codex: bearer {Chatgpt, Actor} | omit Text {Background} | json images | 5 images of 15700000 bytes, n 1 | hosted bills namespaces -
    Azure: api-key {ApiKey} | omit Text {Size, Quality, Background, OutputFormat, N, Mask} | multipart image[] mask | 16 images of 50000000 bytes, n 10 | hosted bills namespaces -
    AzureLegacy: api-key {ApiKey} | omit Text {Size, Quality, Background, OutputFormat, N, Mask} | multipart image[] mask | 16 images of 50000000 bytes, n 10 | hosted bills namespaces -
    Litellm: bearer {ApiKey, None} | omit Text {Size, Quality, Background, OutputFormat, N, Mask} | multipart image[] mask | 16 images of 50000000 bytes, n 10 | hosted bills namespaces models
    SdServer: none {None} | omit TextWithoutAuto {Size, N, Mask} | multipart image[] mask | 5 images of 50000000 bytes, n 10 | - - namespaces -
    Localai: bearer {ApiKey, None} | B64Json TextWithoutAuto {Size, N} | generate ref_images Base64 | 5 images of 50000000 bytes, n 10 | - - - models
    VllmOmni: bearer {ApiKey, None} | B64Json TextWithoutAuto {Size, N, Mask} | multipart image[] mask_image | 5 images of 50000000 bytes, n 10 | - - namespaces models
    Sglang: bearer {ApiKey, None} | B64Json TextWithoutAuto {Size, N} | multipart image[] - | 5 images of 50000000 bytes, n 10 | - - - models
    Together: bearer {ApiKey} | Base64 WidthHeight {Size, OutputFormat, N} | generate reference_images DataUrl | 5 images of 50000000 bytes, n 10 | - bills namespaces models
    Xai: bearer {ApiKey} | B64Json AspectResolution {Size, N} | json image | 3 images of 50000000 bytes, n 10 | - bills - models
    Generic: bearer {ApiKey, None} | TryB64Json TextWithoutAuto {Size, N} | multipart image[] mask | 5 images of 50000000 bytes, n 10 | - bills namespaces models
    ");
}

#[test]
fn only_legacy_azure_has_the_deployment_in_its_path_and_a_version_in_its_query() {
    for preset in ALL {
        let record = preset.record();
        let legacy = preset == Preset::AzureLegacy;
        assert_eq!(record.path_style == crate::record::PathStyle::AzureDeployment, legacy, "{preset:?}");
        assert_eq!(record.query.contains_key("api-version"), legacy, "{preset:?}");
    }
}

#[test]
fn capabilities_follow_from_the_record() {
    let openai = Preset::Openai.record().capabilities();
    assert!(openai.image_generation && openai.hosted_image_generation && openai.namespace_tools && openai.bills);
    assert_eq!((openai.max_references, openai.max_n), (16, 10));
    assert!(openai.parameters.contains(&Parameter::Mask) && !openai.image_auth.contains(&AuthKind::Chatgpt));
    let codex = Preset::Codex.record().capabilities();
    assert_eq!((codex.max_references, codex.max_n, codex.image_auth.len()), (5, 1, 2));
}

#[test]
fn a_provider_that_cannot_edit_takes_no_reference() {
    let record = Record { edit: Edit::None, ..Preset::Generic.record() };
    assert_eq!(record.capabilities().max_references, 0);
}

#[test]
fn a_mask_is_advertised_exactly_where_there_is_a_field_for_it() {
    for preset in ALL {
        let record = preset.record();
        let has_field = matches!(&record.edit, Edit::Multipart { mask_field: Some(_), .. });
        let advertised = record.generate.parameters.contains(&Parameter::Mask);
        assert!(has_field || !advertised, "{preset:?}");
    }
}
