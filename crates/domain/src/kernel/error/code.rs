//! The problem codes with their status, and their texts in English and German.

use super::codes::codes;
use crate::bilingual;
use crate::kernel::bilingual::Bilingual;

codes! {
    /// The body is not valid JSON. `detail` states the line and column where reading stopped.
    MalformedJson = 400, "malformed_json", "The body is not JSON"
        => "Der Body ist kein JSON":
            "Der Body ist kein JSON-Text. `detail` sagt, in welcher Zeile und Spalte das Lesen endete.";
    /// A query parameter is unknown or has an invalid value. `errors` lists each of them, with the most similar known
    /// name. This includes cursors that were altered or belong to another filter, sort order or resource.
    InvalidParameters = 400, "invalid_parameters", "Invalid query parameter"
        => "Ein Query-Parameter stimmt nicht":
            "Ein Query-Parameter ist unbekannt oder hat einen Wert, den er nicht haben kann. `errors` nennt jeden, mit \
             dem ähnlichsten bekannten Namen. Ebenso ein Cursor, der verändert wurde oder zu einem anderen Filter, einer \
             anderen Sortierung oder einer anderen Ressource gehört.";
    /// The request itself is malformed: the path is not valid UTF-8, or a header cannot be read.
    BadRequest = 400, "bad_request", "The request is malformed"
        => "Die Anfrage ist fehlerhaft":
            "Die Anfrage selbst ist fehlerhaft: ein Pfad, der kein UTF-8 ist, oder ein Header, der nicht lesbar ist.";
    /// The request requires an account: send `Authorization: Bearer <access token>` with an access token from
    /// `POST /api/v1/auth/token`.
    Unauthenticated = 401, "unauthenticated", "An account is required"
        => "Ein Konto ist nötig":
            "Das verlangt ein Konto: Senden Sie `Authorization: Bearer <access token>`; `POST /api/v1/auth/token` stellt \
             eines aus.";
    /// The access token is malformed, has expired, was not issued by this service, or belongs to a disabled account.
    /// Get a new access token.
    InvalidToken = 401, "invalid_token", "The access token is invalid"
        => "Das Access-Token ist nicht gültig":
            "Das Access-Token ist fehlerhaft, abgelaufen oder nicht von uns, oder sein Konto ist gesperrt. Holen Sie ein \
             neues.";
    /// The e-mail address and the password do not match. The response does not reveal which of the two is wrong.
    InvalidCredentials = 401, "invalid_credentials", "The e-mail address or the password is wrong"
        => "E-Mail-Adresse oder Passwort ist falsch":
            "E-Mail-Adresse und Passwort gehören nicht zusammen. Welches von beiden falsch ist, wird nicht gesagt.";
    /// The refresh token was not issued by this service, has expired, or has already been used. Reusing a refresh token
    /// ends the login, because somebody else may have the token. Sign in again.
    InvalidRefreshToken = 401, "invalid_refresh_token", "The refresh token is invalid"
        => "Das Refresh-Token ist nicht gültig":
            "Das Refresh-Token ist nicht von uns, beendet oder schon benutzt. Eines, das noch einmal benutzt wird, \
             beendet seine Anmeldung, weil es jemand anderes haben könnte: Melden Sie sich neu an.";
    /// The role of the account does not permit this. If the body contains fields that the role is not allowed to
    /// write, `errors` lists them.
    Forbidden = 403, "forbidden", "Not allowed for this account"
        => "Für dieses Konto nicht erlaubt":
            "Das Konto ist bekannt, aber seine Rolle darf das nicht. `errors` nennt die Felder des Bodys, die diese Rolle \
             nicht schreiben darf, wenn das der Grund ist.";
    /// The API key lacks the scope named in `allowed`, although its owner would be allowed to do this.
    InsufficientScope = 403, "insufficient_scope", "The API key lacks a scope"
        => "Die Scopes des API-Schlüssels reichen nicht":
            "Der API-Schlüssel darf das nicht, obwohl sein Besitzer es darf: Ihm fehlt der Scope, den `allowed` nennt.";
    /// There is no such resource, or the caller may not see it.
    NotFound = 404, "not_found", "Not found"
        => "Nicht gefunden": "So etwas gibt es nicht, oder nicht für Sie.";
    /// The path exists, but does not support this method. `Allow` lists the supported methods.
    MethodNotAllowed = 405, "method_not_allowed", "Method not supported"
        => "Diese Methode gibt es hier nicht":
            "Der Pfad stimmt, die Methode nicht. `Allow` nennt die vorhandenen.";
    /// None of the media types in `Accept` is available; `allowed` lists the available ones.
    NotAcceptable = 406, "not_acceptable", "No acceptable representation"
        => "Keine annehmbare Darstellung":
            "Keiner der Medientypen in `Accept` kann geliefert werden; `allowed` nennt, was es gibt.";
    /// The request body did not arrive in time. The request was not carried out, and the connection is closed.
    RequestTimeout = 408, "request_timeout", "The request did not arrive in time"
        => "Die Anfrage kam nicht rechtzeitig an":
            "Der Body kam nicht rechtzeitig an. Was verlangt war, ist nicht geschehen; die Verbindung wird geschlossen.";
    /// The slug is taken, or was taken before: a former slug still refers to its resource, and is never reused.
    SlugTaken = 409, "slug_taken", "The slug is taken"
        => "Der Slug ist vergeben":
            "Der Slug ist vergeben oder war es einmal: Ein alter Slug führt weiter zu seiner Ressource und wird nie an \
             eine andere vergeben.";
    /// Another account has this e-mail address; `detail` states whether that account is deleted and can be restored.
    EmailTaken = 409, "email_taken", "The e-mail address is taken"
        => "Die E-Mail-Adresse ist vergeben":
            "Ein anderes Konto hat diese E-Mail-Adresse; `detail` sagt, ob es gelöscht ist und wiederhergestellt werden kann.";
    /// The user is the last administrator who is neither disabled nor deleted, and without an administrator nobody
    /// could undo the change. Make another user an administrator first.
    LastAdmin = 409, "last_admin", "At least one active administrator is required"
        => "Die letzte Administration bleibt":
            "Niemand sonst mit der Rolle `admin` ist aktiv, und ohne jemanden könnte es niemand rückgängig machen. Machen \
             Sie zuerst jemand anderen dazu.";
    /// The utility is already a member; a utility can be a member only once.
    MemberExists = 409, "member_exists", "The utility is already a member"
        => "Das Unternehmen ist schon Mitglied": "Das Unternehmen ist schon Mitglied: Jedes ist es höchstens einmal.";
    /// The member already has a primary contact, and there can be only one. Change that contact first.
    PrimaryExists = 409, "primary_exists", "There is already a primary contact"
        => "Es gibt schon eine erste Ansprechperson":
            "Das Mitglied hat schon eine erste Ansprechperson, und mehr als eine gibt es nicht. Ändern Sie zuerst jene.";
    /// The account has reached the maximum number of API keys. Revoke a key that is no longer used.
    TooManyApiKeys = 409, "too_many_api_keys", "Too many API keys"
        => "Es gibt zu viele API-Schlüssel":
            "Das Konto hat so viele API-Schlüssel, wie man haben kann. Widerrufen Sie einen, der nicht mehr benutzt wird.";
    /// There are as many webhooks as there can be. Delete one that is no longer used.
    TooManyWebhooks = 409, "too_many_webhooks", "Too many webhooks"
        => "Es gibt zu viele Webhooks":
            "Es gibt so viele Webhooks, wie es geben kann. Löschen Sie einen, der nicht mehr benutzt wird.";
    /// The secret of the webhook has been shown, and is not shown a second time. If it is lost, replace it by
    /// `POST /api/v1/webhooks/{id}/rotate-secret`.
    SecretAlreadyShown = 409, "secret_already_shown", "The secret has already been shown"
        => "Das Geheimnis wurde schon gezeigt":
            "Das Geheimnis des Webhooks wurde schon gezeigt und wird kein zweites Mal gezeigt. Ist es verloren, ersetzen \
             Sie es mit `POST /api/v1/webhooks/{id}/rotate-secret`.";
    /// The link has already been used. There is nothing more to do.
    LinkUsed = 409, "link_used", "The link has already been used"
        => "Der Link wurde schon benutzt":
            "Der Link wurde schon benutzt und hat getan, was er tut. Es ist nichts weiter zu tun.";
    /// The link has expired. Repeat the original request to get a new link.
    LinkExpired = 409, "link_expired", "The link has expired"
        => "Der Link ist abgelaufen":
            "Der Link ist nicht mehr gültig: Er war zu alt. Fordern Sie einen neuen an, indem Sie wiederholen, wofür er kam.";
    /// The interest registration has already been accepted or declined.
    InterestDecided = 409, "interest_decided", "A decision on this interest registration has already been made"
        => "Darüber ist schon entschieden":
            "Die Interessenbekundung wurde schon angenommen oder abgelehnt.";
    /// Several utilities match the registration; `dependents` lists them. Specify the right one in `utility`.
    AmbiguousUtility = 409, "ambiguous_utility", "Several utilities match"
        => "Mehrere Unternehmen können gemeint sein":
            "Mehrere Unternehmen können das sein, das sein Interesse bekundet; `dependents` nennt sie. Sagen Sie in \
             `utility`, welches es ist.";
    /// Other resources refer to this one; `dependents` lists them. Change or delete those first.
    HasDependents = 409, "has_dependents", "Other resources depend on this one"
        => "Anderes hängt davon ab":
            "Anderes verweist darauf; `dependents` nennt es. Ändern oder löschen Sie das zuerst.";
    /// A resource that this one refers to has been deleted; `errors` lists the fields, `dependents` the deleted
    /// resources that sub-resources refer to. Restore those first.
    ReferenceGone = 409, "reference_gone", "A referenced resource has been deleted"
        => "Etwas, worauf verwiesen wird, ist gelöscht":
            "Worauf verwiesen wird, wurde inzwischen gelöscht; `errors` nennt die Felder, `dependents` das, worauf Teile \
             davon verweisen. Stellen Sie das zuerst wieder her.";
    /// The state machine does not allow this transition; `allowed` lists the statuses that are allowed from here.
    TransitionNotAllowed = 409, "transition_not_allowed", "Transition not allowed"
        => "Dieser Übergang ist nicht erlaubt":
            "Einen solchen Weg hat der Zustandsautomat nicht; `allowed` nennt die Zustände, die von hier aus erlaubt \
             sind.";
    /// The new status requires fields that are missing; `errors` lists them.
    TransitionNeeds = 409, "transition_needs", "The new status requires more data"
        => "Der Zielstatus braucht mehr": "Der Status braucht Felder, die noch fehlen; `errors` nennt sie.";
    /// A status can only be changed with `POST …/transitions`.
    StatusByTransition = 409, "status_by_transition", "A status can only be changed by a transition"
        => "Ein Status wird durch einen Übergang geändert":
            "Ein Status wird nur durch `POST …/transitions` geändert.";
    /// The change would violate a rule for the resources listed in `dependents`.
    ConflictsWithDependents = 409, "conflicts_with_dependents", "Conflict with dependent resources"
        => "Anderes würde nicht mehr stimmen":
            "Die Änderung würde eine Regel der Ressourcen verletzen, die `dependents` nennt.";
    /// Registration for this session is not possible now: the session is not published, is cancelled, has been held or
    /// has begun, or the registration period has ended. `detail` and the `registration_state` of the session state the
    /// reason.
    RegistrationClosed = 409, "registration_closed", "Registration is closed"
        => "Die Anmeldung ist geschlossen":
            "Für diese Sitzung kann sich jetzt niemand anmelden: Sie ist nicht veröffentlicht, wurde abgesagt oder hat \
             stattgefunden, hat begonnen, oder die Frist ist abgelaufen. `detail` sagt, was davon, ebenso \
             `registration_state` der Sitzung.";
    /// All seats are taken, and the session has no waiting list.
    SessionFull = 409, "session_full", "The session is full"
        => "Die Sitzung ist voll": "Alle Plätze sind vergeben, und die Sitzung hat keine Warteliste.";
    /// The person is already registered for this session, or on its waiting list.
    AlreadyRegistered = 409, "already_registered", "The person is already registered"
        => "Die Person ist schon angemeldet":
            "Die Person ist für diese Sitzung schon angemeldet oder steht auf der Warteliste.";
    /// More seats are taken than the change would leave. Cancel registrations first.
    SeatsTaken = 409, "seats_taken", "Too many seats are taken"
        => "Es sind mehr Plätze vergeben":
            "Es sind mehr Plätze vergeben, als es geben würde. Stornieren Sie zuerst Anmeldungen.";
    /// Attendance can only be recorded once the session has begun.
    SessionNotBegun = 409, "session_not_begun", "The session has not begun"
        => "Die Sitzung hat nicht begonnen": "Wer gekommen ist, wird festgehalten, wenn die Sitzung begonnen hat.";
    /// Minutes can only be written for a session that has been held: set the status of the session to `held` first.
    SessionNotHeld = 409, "session_not_held", "The session has not been held"
        => "Die Sitzung hat nicht stattgefunden":
            "Protokolle gibt es von Sitzungen, die stattgefunden haben: Führen Sie sie zuerst in den Status `held`.";
    /// Published minutes cannot be changed; create a new revision (`POST`) to correct them.
    MinutesPublished = 409, "minutes_published", "The minutes are published"
        => "Das Protokoll ist veröffentlicht":
            "Ein veröffentlichtes Protokoll bleibt, wie es ist; eine neue Fassung (`POST`) berichtigt es.";
    /// There is already a draft of the minutes. Change or publish that draft.
    MinutesInWork = 409, "minutes_in_work", "There is already a draft of the minutes"
        => "Am Protokoll wird gearbeitet":
            "Eine Fassung des Protokolls ist schon in Arbeit. Ändern Sie diesen Entwurf, oder veröffentlichen Sie ihn.";
    /// The resource is not deleted, so it cannot be restored.
    NotDeleted = 409, "not_deleted", "The resource is not deleted"
        => "Es ist nicht gelöscht": "Es ist nicht gelöscht, kann also nicht wiederhergestellt werden.";
    /// A request with this `Idempotency-Key` is still running. Repeat the request after the number of seconds in
    /// `Retry-After` to get its response.
    IdempotencyKeyInUse = 409, "idempotency_key_in_use", "A request with this idempotency key is still running"
        => "Eine Anfrage mit diesem Idempotency-Key läuft noch":
            "Eine Anfrage mit diesem `Idempotency-Key` wird noch bearbeitet. Senden Sie sie nach der Zahl von Sekunden in \
             `Retry-After` noch einmal: Dann bekommen Sie ihre Antwort.";
    /// The data has changed since the dry run, so the import would now have a different result. Nothing was written.
    /// Repeat the dry run.
    PlanMoved = 409, "plan_moved", "The data has changed since the dry run"
        => "Die Daten haben sich seit der Probe geändert":
            "Worauf der Import geprobt wurde, hat sich seither geändert, sodass er jetzt etwas anderes täte. Nichts wurde \
             geschrieben. Proben Sie ihn neu.";
    /// The import has no plan that can be committed: there was no dry run, rows have errors, or the file has been
    /// deleted. `detail` states the reason.
    NothingToCommit = 409, "nothing_to_commit", "There is nothing to commit"
        => "Es gibt keinen Plan, der ausgeführt werden könnte":
            "Der Import hat keinen Plan, der ausgeführt werden könnte: Er wurde nicht geprobt, Zeilen stimmen nicht, oder \
             seine Datei ist gelöscht. `detail` sagt, was davon.";
    /// The change feed cannot go on from this token: the log no longer has the changes after it, or the permissions of
    /// the account have changed since; `detail` states which. Read the lists again, and go on from the `Change-Token` of
    /// the first one.
    ChangesGone = 410, "changes_gone", "The change feed cannot go on from this token"
        => "Von diesem Token aus geht es nicht weiter":
            "Die Änderungen nach diesem Token sind nicht mehr vorhanden, oder die Rechte des Kontos haben sich seither \
             geändert; `detail` sagt, was davon. Lesen Sie die Listen neu, und machen Sie mit dem `Change-Token` der ersten \
             weiter.";
    /// The condition in `If-Match` or `If-None-Match` is not met: the resource has changed in the meantime, or the tag
    /// belongs to another resource; `detail` states what is known. The response contains the current `ETag`. Read the
    /// resource again, then repeat the request.
    PreconditionFailed = 412, "precondition_failed", "The precondition is not met"
        => "Die Vorbedingung ist nicht erfüllt":
            "Was `If-Match` oder `If-None-Match` verlangt, trifft nicht zu: Es wurde seither geändert, oder das Tag gehört \
             zu etwas anderem; `detail` sagt, was bekannt ist. Der gegenwärtige `ETag` steht in der Antwort. Lesen Sie es \
             neu und wiederholen Sie dann die Anfrage.";
    /// The body is larger than 1 MiB, or larger than 64 MiB for an import.
    PayloadTooLarge = 413, "payload_too_large", "The body is too large"
        => "Der Body ist zu groß": "Der Body ist größer als 1 MiB; der eines Imports größer als 64 MiB.";
    /// The media type of the body is not supported here; `detail` names the right one.
    UnsupportedMediaType = 415, "unsupported_media_type", "Media type not supported"
        => "Medientyp nicht unterstützt":
            "Der Body hat einen Medientyp, der hier nicht verstanden wird; `detail` nennt den richtigen.";
    /// The body is JSON, but its content is invalid. `errors` lists every invalid field with a JSON pointer (RFC
    /// 6901), a code, and what would be valid. Nothing was written.
    ValidationFailed = 422, "validation_failed", "Invalid content"
        => "Der Inhalt stimmt nicht":
            "Der Body ist JSON, aber sein Inhalt stimmt nicht. `errors` nennt jedes falsche Feld mit einem JSON-Pointer \
             (RFC 6901), einem Code und dem, was richtig wäre. Nichts wurde geschrieben.";
    /// This `Idempotency-Key` belongs to another request: another path, other parameters, another body, or the same
    /// request with other permissions. Use a new key for every new request, and repeat a request unchanged.
    IdempotencyKeyReused = 422, "idempotency_key_reused", "The idempotency key belongs to another request"
        => "Der Idempotency-Key gehört zu einer anderen Anfrage":
            "Dieser `Idempotency-Key` gehört zu einer anderen Anfrage: anderer Pfad, andere Parameter, anderer Body, oder \
             dieselbe mit anderen Rechten. Jede eigene Anfrage braucht einen eigenen; eine, die noch einmal gesendet wird, \
             bleibt unverändert.";
    /// A change requires `If-Match` with the `ETag` of the version that the change is based on, so that changes by
    /// others are not overwritten.
    PreconditionRequired = 428, "precondition_required", "If-Match is required"
        => "If-Match ist erforderlich":
            "Eine Änderung verlangt `If-Match` mit dem `ETag` dessen, worauf sie beruht, damit niemandes Arbeit \
             überschrieben wird.";
    /// Too many failed sign-in attempts, for this account or from this IP address. Try again after the number of
    /// seconds in `Retry-After`.
    TooManyAttempts = 429, "too_many_attempts", "Too many attempts"
        => "Zu viele Versuche":
            "Zu viele fehlgeschlagene Anmeldungen, für dieses Konto oder von dieser Adresse. Versuchen Sie es nach der \
             Zahl von Sekunden in `Retry-After` wieder.";
    /// Too many streams of changes are open, for this account, API key or IP address. Close one, or try again after the
    /// number of seconds in `Retry-After`.
    TooManyStreams = 429, "too_many_streams", "Too many streams are open"
        => "Es sind zu viele Streams offen":
            "Für dieses Konto, diesen API-Schlüssel oder diese Adresse sind so viele Streams offen, wie es geben kann. \
             Schließen Sie einen, oder versuchen Sie es nach der Zahl von Sekunden in `Retry-After` wieder.";
    /// The request quota of this API key, this account or, without an account, this IP address is used up. Try again
    /// after the number of seconds in `Retry-After`; the header `RateLimit` states how many requests are left.
    TooManyRequests = 429, "too_many_requests", "Too many requests"
        => "Zu viele Anfragen":
            "Es wurden so viele Anfragen gestellt, wie dieser API-Schlüssel, dieses Konto oder, ohne eines, diese Adresse \
             stellen darf. Versuchen Sie es nach der Zahl von Sekunden in `Retry-After` wieder; jede Antwort sagt in \
             `RateLimit`, was noch bleibt.";
    /// An internal error occurred. The operator can find it in the log by the `request_id`.
    Internal = 500, "internal", "Internal error"
        => "Interner Fehler":
            "Auf unserer Seite ist etwas fehlgeschlagen. Mit `request_id` lässt es sich im Protokoll finden.";
    /// The database is unavailable, or does not accept writes at the moment. Try again after the number of seconds in
    /// `Retry-After`.
    Unavailable = 503, "unavailable", "Temporarily unavailable"
        => "Vorübergehend nicht verfügbar":
            "Die Datenbank ist nicht verfügbar oder nimmt gerade nichts an. Versuchen Sie es nach der Zahl von Sekunden in \
             `Retry-After` erneut.";
    /// The disk of the database is full, or its quota is used up. Nothing was written; reading is still possible. Try
    /// again after the number of seconds in `Retry-After`; the operator has to free disk space first.
    InsufficientStorage = 507, "insufficient_storage", "The disk is full"
        => "Der Speicherplatz ist aufgebraucht":
            "Der Speicherplatz der Datenbank ist aufgebraucht. Nichts wurde geschrieben; lesen lässt sich weiterhin. \
             Versuchen Sie es nach der Zahl von Sekunden in `Retry-After` erneut: Der Betreiber muss erst Platz schaffen.";
    /// The request took too long and was aborted. Before you repeat a write, read the current state: the write may have
    /// been carried out. Try again after the number of seconds in `Retry-After`, or request less at once.
    TimedOut = 503, "timed_out", "The request took too long"
        => "Es hat zu lange gedauert":
            "Es hat zu lange gedauert und wurde aufgegeben. Lesen Sie, was da ist, bevor Sie noch einmal schreiben: Es \
             kann geschehen sein. Versuchen Sie es nach der Zahl von Sekunden in `Retry-After` erneut, oder verlangen Sie \
             weniger auf einmal.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_documented_in_both_languages() {
        for code in Code::ALL {
            for text in [code.title(), code.documentation()] {
                assert!(!text.en.is_empty() && !text.de.is_empty() && text.en != text.de, "{code:?}: {text}");
                assert!(!text.en.contains("  ") && !text.de.contains("  "), "{code:?}: {text}");
            }
        }
    }
}
