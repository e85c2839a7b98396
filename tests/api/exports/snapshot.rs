//! An export is a snapshot of one instant, and does not block other requests.

use std::pin::pin;

use futures_util::FutureExt;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::utility::Utility;
use vku_persistence::kernel::table::Table;

use crate::api::fixtures::{UTILITIES, abroad, create};
use crate::harness::on_both;

on_both! {
    async fn an_export_does_not_see_later_writes(app: TestApp) {
        let (staff, actor) = (app.coordinator(), Actor::operator(app.store.now()));
        let export = app.store.export(&actor).await.unwrap();
        let before = export.rows::<Utility>(&mut Utility::TABLE.all(), None).await.unwrap().items.len();
        create(&staff, UTILITIES, &abroad("Meanwhile")).await;
        assert_eq!(export.rows::<Utility>(&mut Utility::TABLE.all(), None).await.unwrap().items.len(), before);
        drop(export);
        let export = app.store.export(&actor).await.unwrap();
        assert_eq!(export.rows::<Utility>(&mut Utility::TABLE.all(), None).await.unwrap().items.len(), before + 1);
    }

    async fn a_third_export_waits_and_other_requests_do_not(app: TestApp) {
        let (staff, actor) = (app.coordinator(), Actor::operator(app.store.now()));
        let (one, _other) = (app.store.export(&actor).await.unwrap(), app.store.export(&actor).await.unwrap());
        one.rows::<Utility>(&mut Utility::TABLE.all(), None).await.unwrap();
        let mut third = pin!(app.store.export(&actor));
        assert!(third.as_mut().now_or_never().is_none());
        staff.get(UTILITIES).await.ok();
        create(&staff, UTILITIES, &abroad("Written")).await;
        drop(one);
        third.await.unwrap().rows::<Utility>(&mut Utility::TABLE.all(), None).await.unwrap();
    }
}
