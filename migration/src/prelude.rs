//! What most migrations import.

pub(crate) use sea_orm::sea_query::*;
pub(crate) use sea_orm::{ConnectionTrait, DbBackend, DbErr};

pub(crate) use crate::manager::{SchemaManager, Steps};
