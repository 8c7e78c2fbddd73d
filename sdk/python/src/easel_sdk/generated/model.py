"""The base of the generated models."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A type of the protocol. Its fields have names in snake_case here, and in camelCase on the wire."""

    # Fields that are not known are ignored, as later versions of Easel add some. `defer_build` would make the import
    # faster, but before pydantic 2.14 two threads cannot build a model at the same time.
    model_config = ConfigDict(populate_by_name=True, extra="ignore")
