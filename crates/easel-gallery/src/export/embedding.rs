//! Writes pictures into the file one after the other, so that it ends where it is large enough.

use std::collections::BTreeSet;
use std::io::{self, Write};

use easel_protocol::image::ImageEntry;

use super::script::Parts;

/// Thumbnails that are made at once. The app-server makes two.
const AT_ONCE: usize = 4;
/// Heat maps of edits in a file, newest first.
const MAX_HEAT_MAPS: usize = 256;

/// Writes the pictures that `make` makes of these images to a list, until the file has `max_bytes`. Returns how many
/// there are.
pub(super) async fn write_pictures<W: Write>(
    mut list: Parts<'_, W>,
    images: &[ImageEntry],
    max_bytes: u64,
    make: impl AsyncFn(&[ImageEntry]) -> Vec<Option<String>>,
) -> io::Result<usize> {
    let mut count = 0;
    for group in images.chunks(AT_ONCE) {
        if list.bytes() >= max_bytes {
            break;
        }
        for picture in make(group).await {
            count += usize::from(picture.is_some());
            list.push(&picture)?;
        }
    }
    list.end()?;
    Ok(count)
}

/// Writes the heat maps that `make` makes of the newest edits to an object by handle, until the file has `max_bytes`.
/// The page shows a heat map over the image that was edited, so that must be among the images too.
pub(super) async fn write_heat_maps<W: Write>(
    mut object: Parts<'_, W>,
    images: &[ImageEntry],
    max_bytes: u64,
    make: impl AsyncFn(&ImageEntry) -> Option<String>,
) -> io::Result<()> {
    let shown: BTreeSet<&str> =
        images.iter().flat_map(|entry| [entry.image.id.as_str(), entry.image.facts.sha256.as_str()]).collect();
    for entry in images.iter().filter(|entry| has_base_among(&shown, entry)).take(MAX_HEAT_MAPS) {
        if object.bytes() >= max_bytes {
            break;
        }
        if let Some(map) = make(entry).await {
            object.insert(entry.image.id.as_str(), &map)?;
        }
    }
    object.end()
}

/// Returns whether an image is an edit of one whose handle or content is in `shown`. An image that was attached as a
/// file has another handle there.
fn has_base_among(shown: &BTreeSet<&str>, entry: &ImageEntry) -> bool {
    let Some(edit) = &entry.image.edit else { return false };
    let input = entry.image.inputs.iter().find(|input| input.id.as_ref() == Some(&edit.base));
    shown.contains(edit.base.as_str()) || input.is_some_and(|input| shown.contains(input.sha256.as_str()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::script::Counting;
    use super::*;

    /// The image with this number, made from the image of this handle and content, if any.
    fn entry(number: u8, input: Option<(&str, &str)>) -> ImageEntry {
        let parameters = json!({ "size": null, "quality": null, "background": null, "outputFormat": null, "n": null });
        let mut requested = parameters.clone();
        requested["action"] = "edit".into();
        requested["prompt"] = "a cat".into();
        let mut image = json!({
            "id": format!("img_{number}"), "path": "/cat.png", "sha256": format!("sha_{number}"),
            "mediaType": "image/png", "width": 1, "height": 1, "bytes": 1, "hasAlpha": false, "provider": "p",
            "model": "m", "requested": requested, "applied": parameters, "revisedPrompt": null, "inputs": [],
            "usage": null, "elapsedMs": 1, "attempts": 1, "requestId": null, "synthetic": false,
        });
        if let Some((id, sha256)) = input {
            image["inputs"] = json!([{ "id": id, "path": "/dog.png", "sha256": sha256 }]);
            image["edit"] = json!({
                "base": id, "mask": null, "resampled": false, "aspectChanged": false, "shift": null, "tolerance": 8,
                "outside": null, "inside": null, "composite": "none",
            });
        }
        let entry = json!({ "threadId": "t", "turnId": "u", "itemId": "i", "createdAt": 1, "image": image });
        serde_json::from_value(entry).unwrap()
    }

    /// What `write` writes into an element of its own.
    async fn written(write: impl AsyncFnOnce(&mut Counting<Vec<u8>>)) -> Value {
        let mut out = Counting { out: Vec::new(), bytes: 0 };
        write(&mut out).await;
        let element = String::from_utf8(out.out).unwrap();
        serde_json::from_str(element.split_once('>').unwrap().1.strip_suffix("</script>\n").unwrap()).unwrap()
    }

    #[tokio::test]
    async fn only_edits_of_shown_images_have_heat_maps() {
        let images = [
            entry(5, Some(("img_9", "sha_9"))),
            entry(4, Some(("img_8", "sha_1"))),
            entry(3, Some(("img_1", "sha_1"))),
            entry(1, None),
        ];
        let maps = written(async |out| {
            let object = Parts::object(out, "heat-maps").unwrap();
            write_heat_maps(object, &images, u64::MAX, async |_: &ImageEntry| Some("map".to_owned())).await.unwrap();
        });
        assert_eq!(maps.await, json!({ "img_4": "map", "img_3": "map" }));
    }

    #[tokio::test]
    async fn large_pictures_end_the_file_at_its_maximum() {
        let images: Vec<_> = (2..12).map(|number| entry(number, Some(("img_2", "sha_2")))).collect();
        let max_bytes = 10_000;
        let pictures = written(async |out| {
            let make = async |group: &[ImageEntry]| vec![Some("x".repeat(5_000)); group.len()];
            let count = write_pictures(Parts::list(out, "list").unwrap(), &images, max_bytes, make).await.unwrap();
            assert_eq!(count, AT_ONCE);
        });
        assert_eq!(pictures.await.as_array().map(Vec::len), Some(AT_ONCE));
        let maps = written(async |out| {
            let make = async |_: &ImageEntry| Some("x".repeat(5_000));
            write_heat_maps(Parts::object(out, "heat-maps").unwrap(), &images, max_bytes, make).await.unwrap();
        });
        assert_eq!(maps.await.as_object().map(serde_json::Map::len), Some(2));
    }
}
