//! The reuse of a refresh token, which shows that two parties have it: recorded, and mailed to the account.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::change_log::ChangeAction;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::mail::Mail;
use vku_domain::user::User;

use crate::kernel::table::Table;
use crate::kernel::transaction::Writer;

/// A login that ended because one of its refresh tokens was reused.
pub(super) struct ReusedLogin {
    pub(super) id: Uuid,
    pub(super) account: Uuid,
    pub(super) created_at: DateTime<Utc>,
    /// The client program, as it calls itself.
    pub(super) client: String,
}

impl Writer<'_> {
    /// Records that a used refresh token of this login was presented again, and mails the owner of the
    /// account.
    pub(super) async fn record_reuse(&mut self, login: &ReusedLogin) -> Result<(), Error> {
        let key = Key::Id(login.account);
        let user = self.open::<User>(Action::Update, &key).await?;
        tracing::warn!(account = %user.id, login = %login.id, "a refresh token was reused; its login has ended");
        let mail = reuse_mail(&user.data, login);
        let written = self.replace(User::TABLE, &user, &user.data).await?;
        written.record_change(self, ChangeAction::RefreshTokenReused, None)?;
        self.post(mail).await
    }
}

fn reuse_mail(user: &User, login: &ReusedLogin) -> Mail {
    let since = login.created_at.format("%Y-%m-%d %H:%M UTC");
    // The client chooses its name freely: allow no links, and only one line.
    let client: String =
        login.client.chars().filter(|it| it.is_alphanumeric() || " ()._-".contains(*it)).collect();
    let subject = bilingual!("You have been signed out", "Sie wurden abgemeldet");
    let text = bilingual!(
        "Hello,\n\n\
         A refresh token of your account was used twice, so somebody else may have had the token. The login of \
         {since} by the program \"{client}\" has therefore been ended, and can no longer be used. Please sign in \
         again.\n\n\
         If this happens again, change your password and inform the coordination office.\n\n\
         Internationale Partnerschaften, coordination office\n",
        "Guten Tag,\n\n\
         ein Refresh-Token Ihres Kontos wurde zweimal benutzt; jemand anderes könnte es also gehabt haben. Diese \
         Anmeldung, vom {since} mit dem Programm „{client}“, ist beendet; niemand kann damit weitermachen. Melden Sie \
         sich neu an.\n\n\
         Wenn das wieder geschieht, ändern Sie Ihr Passwort, und sagen Sie es der Koordinierungsstelle.\n\n\
         Koordinierungsstelle Internationale Partnerschaften\n"
    );
    Mail::new(user.email.clone(), Locale::De, &subject, &text)
}
