//! The table of problem codes: what each means, in German and English.

use super::bilingual::Bilingual;
use crate::bilingual;

macro_rules! codes {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident = $status:literal, $code:literal, $title:literal => $de:literal: $doc_de:literal;
    )+) => {
        /// The code of a problem: stable, snake_case, documented at `/problems/{code}`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $( $(#[doc = $doc])+ $variant ),+ }

        impl Code {
            /// Every code, for the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as it is written in `code` and in the problem's URL.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The HTTP status that it is answered with.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),+ }
            }

            /// A short title, the same for every occurrence (RFC 9457).
            pub fn title(self) -> Bilingual {
                match self { $(Self::$variant => bilingual!($title, $de)),+ }
            }

            /// What it means and what to do about it.
            pub fn documentation(self) -> Bilingual {
                let (en, de) = match self { $(Self::$variant => ([$($doc),+].concat(), $doc_de)),+ };
                Bilingual { en: en.trim().to_owned().into(), de: de.into() }
            }
        }
    };
}

codes! {
    /// The body is no JSON text. `detail` says at which line and column reading stopped.
    MalformedJson = 400, "malformed_json", "The body is not JSON"
        => "Der Body ist kein JSON":
            "Der Body ist kein JSON-Text. `detail` sagt, in welcher Zeile und Spalte das Lesen endete.";
    /// A query parameter is unknown or has a value that it cannot have. `errors` names each with the nearest known
    /// name. Also a cursor that was altered or belongs to another filter, sort or resource.
    InvalidParameters = 400, "invalid_parameters", "A query parameter is not right"
        => "Ein Query-Parameter stimmt nicht":
            "Ein Query-Parameter ist unbekannt oder hat einen Wert, den er nicht haben kann. `errors` nennt jeden, mit \
             dem ähnlichsten bekannten Namen. Ebenso ein Cursor, der verändert wurde oder zu einem anderen Filter, einer \
             anderen Sortierung oder einer anderen Ressource gehört.";
    /// The request itself is malformed: a path that is no UTF-8, or a header that cannot be read.
    BadRequest = 400, "bad_request", "The request is malformed"
        => "Die Anfrage ist fehlerhaft":
            "Die Anfrage selbst ist fehlerhaft: ein Pfad, der kein UTF-8 ist, oder ein Header, der nicht lesbar ist.";
    /// This needs an account: send `Authorization: Bearer <access token>`; `POST /api/v1/auth/token` gives one.
    Unauthenticated = 401, "unauthenticated", "An account is needed"
        => "Ein Konto ist nötig":
            "Das verlangt ein Konto: Senden Sie `Authorization: Bearer <access token>`; `POST /api/v1/auth/token` stellt \
             eines aus.";
    /// The access token is malformed, expired, not ours, or its account is disabled. Get a new one.
    InvalidToken = 401, "invalid_token", "The access token is not valid"
        => "Das Access-Token ist nicht gültig":
            "Das Access-Token ist fehlerhaft, abgelaufen oder nicht von uns, oder sein Konto ist gesperrt. Holen Sie ein \
             neues.";
    /// E-mail and password do not belong together. Which of the two is wrong is not said.
    InvalidCredentials = 401, "invalid_credentials", "E-mail or password is wrong"
        => "E-Mail-Adresse oder Passwort ist falsch":
            "E-Mail-Adresse und Passwort gehören nicht zusammen. Welches von beiden falsch ist, wird nicht gesagt.";
    /// The refresh token is not ours, has ended, or was used before. One that is used again ends its login, because
    /// somebody else may have it: sign in again.
    InvalidRefreshToken = 401, "invalid_refresh_token", "The refresh token is not valid"
        => "Das Refresh-Token ist nicht gültig":
            "Das Refresh-Token ist nicht von uns, beendet oder schon benutzt. Eines, das noch einmal benutzt wird, \
             beendet seine Anmeldung, weil es jemand anderes haben könnte: Melden Sie sich neu an.";
    /// The account is known, and its role may not do this. `errors` names the members of the body that the role may
    /// not write, where that is the reason.
    Forbidden = 403, "forbidden", "Not allowed for this account"
        => "Für dieses Konto nicht erlaubt":
            "Das Konto ist bekannt, aber seine Rolle darf das nicht. `errors` nennt die Felder des Bodys, die diese Rolle \
             nicht schreiben darf, wenn das der Grund ist.";
    /// The API key is not allowed to do this, although its owner is: it has not the scope that `allowed` names.
    InsufficientScope = 403, "insufficient_scope", "The API key's scopes are too narrow"
        => "Die Scopes des API-Schlüssels reichen nicht":
            "Der API-Schlüssel darf das nicht, obwohl sein Besitzer es darf: Ihm fehlt der Scope, den `allowed` nennt.";
    /// There is no such thing, or not for this caller.
    NotFound = 404, "not_found", "Not found"
        => "Nicht gefunden": "So etwas gibt es nicht, oder nicht für Sie.";
    /// The path is right, the method is not. `Allow` names those there are.
    MethodNotAllowed = 405, "method_not_allowed", "This method is not available here"
        => "Diese Methode gibt es hier nicht":
            "Der Pfad stimmt, die Methode nicht. `Allow` nennt die vorhandenen.";
    /// None of the media types in `Accept` can be produced; `allowed` names what there is.
    NotAcceptable = 406, "not_acceptable", "No acceptable representation"
        => "Keine annehmbare Darstellung":
            "Keiner der Medientypen in `Accept` kann geliefert werden; `allowed` nennt, was es gibt.";
    /// The body did not arrive in time. What was asked was not done; the connection is closed.
    RequestTimeout = 408, "request_timeout", "The request did not arrive in time"
        => "Die Anfrage kam nicht rechtzeitig an":
            "Der Body kam nicht rechtzeitig an. Was verlangt war, ist nicht geschehen; die Verbindung wird geschlossen.";
    /// The slug is taken, or was once: an old slug keeps leading to its resource and is never given to another.
    SlugTaken = 409, "slug_taken", "The slug is taken"
        => "Der Slug ist vergeben":
            "Der Slug ist vergeben oder war es einmal: Ein alter Slug führt weiter zu seiner Ressource und wird nie an \
             eine andere vergeben.";
    /// Another account has this e-mail address.
    EmailTaken = 409, "email_taken", "The e-mail address is taken"
        => "Die E-Mail-Adresse ist vergeben":
            "Ein anderes Konto hat diese E-Mail-Adresse; `detail` sagt, ob es gelöscht ist und wiederhergestellt werden kann.";
    /// The user is the last administrator who is neither disabled nor deleted. Without one nobody could undo it. Make
    /// another user an administrator first.
    LastAdmin = 409, "last_admin", "The last administrator stays"
        => "Die letzte Administration bleibt":
            "Niemand sonst mit der Rolle `admin` ist aktiv, und ohne jemanden könnte es niemand rückgängig machen. Machen \
             Sie zuerst jemand anderen dazu.";
    /// The utility has a member already: each has one at most.
    MemberExists = 409, "member_exists", "The utility is a member already"
        => "Das Unternehmen ist schon Mitglied": "Das Unternehmen ist schon Mitglied: Jedes ist es höchstens einmal.";
    /// The member has a primary contact already: one of them at most is primary. Change that one first.
    PrimaryExists = 409, "primary_exists", "There is a primary contact already"
        => "Es gibt schon eine erste Ansprechperson":
            "Das Mitglied hat schon eine erste Ansprechperson, und mehr als eine gibt es nicht. Ändern Sie zuerst jene.";
    /// The account has as many API keys as one can have. Revoke one that is no longer used.
    TooManyApiKeys = 409, "too_many_api_keys", "There are too many API keys"
        => "Es gibt zu viele API-Schlüssel":
            "Das Konto hat so viele API-Schlüssel, wie man haben kann. Widerrufen Sie einen, der nicht mehr benutzt wird.";
    /// The link was followed before, and has done what it does. Nothing more is to be done.
    LinkUsed = 409, "link_used", "The link was used already"
        => "Der Link wurde schon benutzt":
            "Der Link wurde schon benutzt und hat getan, was er tut. Es ist nichts weiter zu tun.";
    /// The link is no longer valid: it was too old. Ask for a new one, by doing again what it was sent for.
    LinkExpired = 409, "link_expired", "The link has expired"
        => "Der Link ist abgelaufen":
            "Der Link ist nicht mehr gültig: Er war zu alt. Fordern Sie einen neuen an, indem Sie wiederholen, wofür er kam.";
    /// The interest registration was accepted or declined already.
    InterestDecided = 409, "interest_decided", "It is decided already"
        => "Darüber ist schon entschieden":
            "Die Interessenbekundung wurde schon angenommen oder abgelehnt.";
    /// Several utilities may be the one that registers; `dependents` names them. Say in `utility` which it is.
    AmbiguousUtility = 409, "ambiguous_utility", "Several utilities may be meant"
        => "Mehrere Unternehmen können gemeint sein":
            "Mehrere Unternehmen können das sein, das sein Interesse bekundet; `dependents` nennt sie. Sagen Sie in \
             `utility`, welches es ist.";
    /// Others refer to this one; `dependents` names them. Change or delete those first.
    HasDependents = 409, "has_dependents", "Others depend on this"
        => "Anderes hängt davon ab":
            "Anderes verweist darauf; `dependents` nennt es. Ändern oder löschen Sie das zuerst.";
    /// What this refers to was deleted in the meantime; `errors` names the members, `dependents` what parts of it refer
    /// to. Restore that first.
    ReferenceGone = 409, "reference_gone", "Something this refers to is deleted"
        => "Etwas, worauf verwiesen wird, ist gelöscht":
            "Worauf verwiesen wird, wurde inzwischen gelöscht; `errors` nennt die Felder, `dependents` das, worauf Teile \
             davon verweisen. Stellen Sie das zuerst wieder her.";
    /// The state machine has no such way; `allowed` names the states that it allows from here.
    TransitionNotAllowed = 409, "transition_not_allowed", "This transition is not allowed"
        => "Dieser Übergang ist nicht erlaubt":
            "Einen solchen Weg hat der Zustandsautomat nicht; `allowed` nennt die Zustände, die von hier aus erlaubt \
             sind.";
    /// The state needs members that are still missing; `errors` names them.
    TransitionNeeds = 409, "transition_needs", "The target status needs more"
        => "Der Zielstatus braucht mehr": "Der Status braucht Felder, die noch fehlen; `errors` nennt sie.";
    /// A status is changed by `POST …/transitions` only.
    StatusByTransition = 409, "status_by_transition", "A status is changed by a transition"
        => "Ein Status wird durch einen Übergang geändert":
            "Ein Status wird nur durch `POST …/transitions` geändert.";
    /// The change would break a rule of the partnerships named in `dependents`.
    ConflictsWithDependents = 409, "conflicts_with_dependents", "Others would no longer be right"
        => "Anderes würde nicht mehr stimmen":
            "Die Änderung würde eine Regel der Partnerschaften verletzen, die `dependents` nennt.";
    /// Nobody can register for this session now: it is not published, was cancelled or held, has begun, or the time for
    /// it is over. `detail` says which; `registration_state` of the session does too.
    RegistrationClosed = 409, "registration_closed", "Registration is closed"
        => "Die Anmeldung ist geschlossen":
            "Für diese Sitzung kann sich jetzt niemand anmelden: Sie ist nicht veröffentlicht, wurde abgesagt oder hat \
             stattgefunden, hat begonnen, oder die Frist ist abgelaufen. `detail` sagt, was davon, ebenso \
             `registration_state` der Sitzung.";
    /// All seats are taken, and the session has no waiting list.
    SessionFull = 409, "session_full", "The session is full"
        => "Die Sitzung ist voll": "Alle Plätze sind vergeben, und die Sitzung hat keine Warteliste.";
    /// The person is registered for this session already, or waits for a seat.
    AlreadyRegistered = 409, "already_registered", "The person is registered already"
        => "Die Person ist schon angemeldet":
            "Die Person ist für diese Sitzung schon angemeldet oder steht auf der Warteliste.";
    /// More seats are taken than there would be. Cancel registrations first.
    SeatsTaken = 409, "seats_taken", "More seats are taken than that"
        => "Es sind mehr Plätze vergeben":
            "Es sind mehr Plätze vergeben, als es geben würde. Stornieren Sie zuerst Anmeldungen.";
    /// Who came is noted once the session has begun.
    SessionNotBegun = 409, "session_not_begun", "The session has not begun"
        => "Die Sitzung hat nicht begonnen": "Wer gekommen ist, wird festgehalten, wenn die Sitzung begonnen hat.";
    /// Minutes are of a session that was held: lead it into `held` first.
    SessionNotHeld = 409, "session_not_held", "The session was not held"
        => "Die Sitzung hat nicht stattgefunden":
            "Protokolle gibt es von Sitzungen, die stattgefunden haben: Führen Sie sie zuerst in den Status `held`.";
    /// Published minutes stay as they are; a new revision (`POST`) corrects them.
    MinutesPublished = 409, "minutes_published", "The minutes are published"
        => "Das Protokoll ist veröffentlicht":
            "Ein veröffentlichtes Protokoll bleibt, wie es ist; eine neue Fassung (`POST`) berichtigt es.";
    /// A revision of the minutes is being written already. Change that draft, or publish it.
    MinutesInWork = 409, "minutes_in_work", "The minutes are being written"
        => "Am Protokoll wird gearbeitet":
            "Eine Fassung des Protokolls ist schon in Arbeit. Ändern Sie diesen Entwurf, oder veröffentlichen Sie ihn.";
    /// It is not deleted, so it cannot be restored.
    NotDeleted = 409, "not_deleted", "It is not deleted"
        => "Es ist nicht gelöscht": "Es ist nicht gelöscht, kann also nicht wiederhergestellt werden.";
    /// A request with this `Idempotency-Key` is still being worked on. Send it again after the number of seconds in
    /// `Retry-After`: you get its answer then.
    IdempotencyKeyInUse = 409, "idempotency_key_in_use", "A request with this idempotency key is still running"
        => "Eine Anfrage mit diesem Idempotency-Key läuft noch":
            "Eine Anfrage mit diesem `Idempotency-Key` wird noch bearbeitet. Senden Sie sie nach der Zahl von Sekunden in \
             `Retry-After` noch einmal: Dann bekommen Sie ihre Antwort.";
    /// What the import was rehearsed on has changed since, so that it would do something else now. Nothing was written.
    /// Rehearse it again.
    PlanMoved = 409, "plan_moved", "The data has moved since the rehearsal"
        => "Die Daten haben sich seit der Probe geändert":
            "Worauf der Import geprobt wurde, hat sich seither geändert, sodass er jetzt etwas anderes täte. Nichts wurde \
             geschrieben. Proben Sie ihn neu.";
    /// The import has no plan that could be committed: it was not rehearsed, rows of it are not right, or its file is
    /// gone. `detail` says which.
    NothingToCommit = 409, "nothing_to_commit", "There is no plan to commit"
        => "Es gibt keinen Plan, der ausgeführt werden könnte":
            "Der Import hat keinen Plan, der ausgeführt werden könnte: Er wurde nicht geprobt, Zeilen stimmen nicht, oder \
             seine Datei ist gelöscht. `detail` sagt, was davon.";
    /// What `If-Match` or `If-None-Match` demands is not so: it was changed since, or the tag is of something else;
    /// `detail` says what is known. The current `ETag` is in the answer. Read it again, then repeat the request.
    PreconditionFailed = 412, "precondition_failed", "The precondition does not hold"
        => "Die Vorbedingung ist nicht erfüllt":
            "Was `If-Match` oder `If-None-Match` verlangt, trifft nicht zu: Es wurde seither geändert, oder das Tag gehört \
             zu etwas anderem; `detail` sagt, was bekannt ist. Der gegenwärtige `ETag` steht in der Antwort. Lesen Sie es \
             neu und wiederholen Sie dann die Anfrage.";
    /// The body is larger than 1 MiB; that of an import, than 64 MiB.
    PayloadTooLarge = 413, "payload_too_large", "The body is too large"
        => "Der Body ist zu groß": "Der Body ist größer als 1 MiB; der eines Imports größer als 64 MiB.";
    /// The body is of a media type that is not understood here; `detail` names the right one.
    UnsupportedMediaType = 415, "unsupported_media_type", "Media type not supported"
        => "Medientyp nicht unterstützt":
            "Der Body hat einen Medientyp, der hier nicht verstanden wird; `detail` nennt den richtigen.";
    /// The body is JSON, but its content is not right. `errors` names every wrong member with a JSON pointer
    /// (RFC 6901), a code and what would be right. Nothing was written.
    ValidationFailed = 422, "validation_failed", "The content is not right"
        => "Der Inhalt stimmt nicht":
            "Der Body ist JSON, aber sein Inhalt stimmt nicht. `errors` nennt jedes falsche Feld mit einem JSON-Pointer \
             (RFC 6901), einem Code und dem, was richtig wäre. Nichts wurde geschrieben.";
    /// This `Idempotency-Key` belongs to another request: another path, other parameters, another body, or the same one
    /// sent with other rights. Every request of its own needs a key of its own; one that is sent again is sent unchanged.
    IdempotencyKeyReused = 422, "idempotency_key_reused", "The idempotency key belongs to another request"
        => "Der Idempotency-Key gehört zu einer anderen Anfrage":
            "Dieser `Idempotency-Key` gehört zu einer anderen Anfrage: anderer Pfad, andere Parameter, anderer Body, oder \
             dieselbe mit anderen Rechten. Jede eigene Anfrage braucht einen eigenen; eine, die noch einmal gesendet wird, \
             bleibt unverändert.";
    /// A change needs `If-Match` with the `ETag` of what it is based on, so that nobody's work is overwritten.
    PreconditionRequired = 428, "precondition_required", "If-Match is required"
        => "If-Match ist erforderlich":
            "Eine Änderung verlangt `If-Match` mit dem `ETag` dessen, worauf sie beruht, damit niemandes Arbeit \
             überschrieben wird.";
    /// Too many failed attempts to sign in, for this account or from this address. Try again after the number of seconds
    /// in `Retry-After`.
    TooManyAttempts = 429, "too_many_attempts", "Too many attempts"
        => "Zu viele Versuche":
            "Zu viele fehlgeschlagene Anmeldungen, für dieses Konto oder von dieser Adresse. Versuchen Sie es nach der \
             Zahl von Sekunden in `Retry-After` wieder.";
    /// As many requests were made as this API key, this account or, without one, this address may make. Try again after
    /// the number of seconds in `Retry-After`; every answer tells in `RateLimit` what is left.
    TooManyRequests = 429, "too_many_requests", "Too many requests"
        => "Zu viele Anfragen":
            "Es wurden so viele Anfragen gestellt, wie dieser API-Schlüssel, dieses Konto oder, ohne eines, diese Adresse \
             stellen darf. Versuchen Sie es nach der Zahl von Sekunden in `Retry-After` wieder; jede Antwort sagt in \
             `RateLimit`, was noch bleibt.";
    /// Something failed on our side. `request_id` helps to find it in the log.
    Internal = 500, "internal", "Internal error"
        => "Interner Fehler":
            "Auf unserer Seite ist etwas fehlgeschlagen. Mit `request_id` lässt es sich im Protokoll finden.";
    /// The database is not available, or takes no writes at the moment. Try again after the number of seconds in
    /// `Retry-After`.
    Unavailable = 503, "unavailable", "Temporarily not available"
        => "Vorübergehend nicht verfügbar":
            "Die Datenbank ist nicht verfügbar oder nimmt gerade nichts an. Versuchen Sie es nach der Zahl von Sekunden in \
             `Retry-After` erneut.";
    /// The disk of the database is full, or its quota is used up. Nothing was written; reading goes on. Try again after the
    /// number of seconds in `Retry-After`: the operator has to make room first.
    InsufficientStorage = 507, "insufficient_storage", "The disk is full"
        => "Der Speicherplatz ist aufgebraucht":
            "Der Speicherplatz der Datenbank ist aufgebraucht. Nichts wurde geschrieben; lesen lässt sich weiterhin. \
             Versuchen Sie es nach der Zahl von Sekunden in `Retry-After` erneut: Der Betreiber muss erst Platz schaffen.";
    /// It took too long, and was given up. Read what there is before you write again: it may have been done. Try again
    /// after the number of seconds in `Retry-After`, or ask for less at once.
    TimedOut = 503, "timed_out", "It took too long"
        => "Es hat zu lange gedauert":
            "Es hat zu lange gedauert und wurde aufgegeben. Lesen Sie, was da ist, bevor Sie noch einmal schreiben: Es \
             kann geschehen sein. Versuchen Sie es nach der Zahl von Sekunden in `Retry-After` erneut, oder verlangen Sie \
             weniger auf einmal.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_told_in_both_languages() {
        for code in Code::ALL {
            for text in [code.title(), code.documentation()] {
                assert!(!text.en.is_empty() && !text.de.is_empty() && text.en != text.de, "{code:?}: {text}");
                assert!(!text.en.contains("  ") && !text.de.contains("  "), "{code:?}: {text}");
            }
        }
    }
}
