//! The change feed: what has changed for a caller.

crate::string_enum! {
    /// What has happened to the resource of an entry, for the caller.
    FeedAction {
        /// created, or not visible to the caller before
        Created = "created",
        /// changed
        Updated = "updated",
        /// the status was changed
        Transitioned = "transitioned",
        /// restored after it was deleted
        Restored = "restored",
        /// not changed itself, but something that its representation shows or its visibility depends on; it may look the
        /// same
        Affected = "affected",
        /// deleted: remove your copy
        Deleted = "deleted",
        /// no longer visible to the caller: remove your copy
        Hidden = "hidden",
    }
}

impl FeedAction {
    /// Whether the caller no longer sees the resource.
    pub fn is_removal(self) -> bool {
        matches!(self, Self::Deleted | Self::Hidden)
    }
}
