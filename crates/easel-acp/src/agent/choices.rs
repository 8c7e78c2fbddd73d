//! The options of a session: what the user has chosen, and how a prompt says it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use easel_rpc::{ErrorObjectOwned, invalid_params};

use crate::schema::{ConfigOption, ConfigValue};
use crate::translate::{IMAGE_OPTIONS, settings_sentence};

const MODEL: &str = "model";

/// What the user has chosen for a session.
#[derive(Debug, Default)]
pub(crate) struct Choices {
    /// The chosen values by option; without a value, the default applies.
    values: BTreeMap<&'static str, String>,
    /// The models that can be chosen, with their names.
    models: Vec<(String, String)>,
    /// Whether the next prompt gives the session its title.
    pub(crate) untitled: bool,
    /// The title of a new session, until it is sent.
    pub(crate) title: Option<String>,
}

impl Choices {
    /// Sets the models that can be chosen. `current` is always one of them.
    pub(crate) fn set_models(&mut self, models: Vec<(String, String)>, current: &str) {
        self.models = models;
        if !self.models.iter().any(|(id, _)| id == current) {
            self.models.insert(0, (current.to_owned(), current.to_owned()));
        }
    }

    /// Chooses a value.
    ///
    /// # Errors
    /// If the option does not exist or does not have the value.
    pub(crate) fn choose(&mut self, id: &str, value: String) -> Result<(), ErrorObjectOwned> {
        let (id, known) = if id == MODEL {
            (MODEL, self.models.iter().any(|(model, _)| *model == value))
        } else {
            let option = IMAGE_OPTIONS.iter().find(|(option, _, _)| *option == id);
            let (id, _, values) =
                option.ok_or_else(|| invalid_params("configId", "is not an option of this session"))?;
            (*id, values.contains(&value.as_str()))
        };
        if !known {
            return Err(invalid_params("value", "is not a value of this option"));
        }
        self.values.insert(id, value);
        Ok(())
    }

    /// Returns all options with their current values.
    pub(crate) fn options(&self, default_model: &str) -> Vec<ConfigOption> {
        let select = |id, name, category, current_value, options| ConfigOption {
            id,
            name,
            category,
            kind: "select",
            current_value,
            options,
        };
        let models = self
            .models
            .iter()
            .map(|(id, name)| ConfigValue { value: Cow::Owned(id.clone()), name: Cow::Owned(name.clone()) });
        let model = self.model().unwrap_or(default_model).to_owned();
        let mut options = vec![select(MODEL, "Model", "model", model, models.collect())];
        options.extend(IMAGE_OPTIONS.iter().map(|(id, name, values)| {
            let current = self.values.get(id).map_or(values[0], String::as_str).to_owned();
            let values = values.iter().map(|value| ConfigValue { value: (*value).into(), name: (*value).into() });
            select(*id, *name, "model_config", current, values.collect())
        }));
        options
    }

    /// Returns the chosen model.
    pub(crate) fn model(&self) -> Option<&str> {
        self.values.get(MODEL).map(String::as_str)
    }

    /// Returns the sentence that asks the model for the chosen options of images; `None` for the defaults.
    pub(crate) fn sentence(&self) -> Option<String> {
        settings_sentence(|id| self.values.get(id).map(String::as_str))
    }
}
