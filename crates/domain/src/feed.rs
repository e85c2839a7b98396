//! The change feed: what has changed for a caller.

crate::string_enum! {
    /// What has happened to the resource of an entry, for the caller.
    FeedAction in "feed-actions" {
        /// created, or not visible to the caller before
        Created = "created" ("Created", "Angelegt": "angelegt, oder vorher nicht sichtbar"),
        /// changed
        Updated = "updated" ("Changed", "Geändert"),
        /// the status was changed
        Transitioned = "transitioned" ("Status changed", "Status geändert"),
        /// restored after it was deleted
        Restored = "restored" ("Restored", "Wiederhergestellt": "nach dem Löschen wiederhergestellt"),
        /// not changed itself, but something that its representation shows or its visibility depends on; it may look the
        /// same
        Affected = "affected" ("Affected", "Mitbetroffen":
            "selbst nicht geändert, aber etwas, was es zeigt oder wovon seine Sichtbarkeit abhängt; es kann \
             gleich aussehen"),
        /// deleted: remove your copy
        Deleted = "deleted" ("Deleted", "Gelöscht": "gelöscht: Entfernen Sie Ihre Kopie"),
        /// no longer visible to the caller: remove your copy
        Hidden = "hidden" ("No longer visible", "Nicht mehr sichtbar":
            "nicht mehr sichtbar: Entfernen Sie Ihre Kopie"),
    }
}

impl FeedAction {
    /// Whether the caller no longer sees the resource.
    pub fn is_removal(self) -> bool {
        matches!(self, Self::Deleted | Self::Hidden)
    }
}
