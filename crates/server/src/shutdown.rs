//! Signals that request a shutdown.

/// The signals that request a shutdown, which are handled as soon as this is created.
pub(crate) struct Shutdown {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 3],
}

impl Shutdown {
    /// Starts to handle the signals: from now on, they no longer terminate the process by themselves.
    ///
    /// Errors: the operating system does not allow it.
    #[cfg(unix)]
    pub(crate) fn watch() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let signals =
            [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::quit())?];
        Ok(Self { signals })
    }

    /// Waits for a signal. Returns whether running requests should be finished first: yes for SIGTERM, no for Ctrl-C,
    /// because its user does not want to wait.
    #[cfg(unix)]
    pub(crate) async fn requested(self) -> bool {
        let [mut terminate, mut interrupt, mut quit] = self.signals;
        tokio::select! {
            _ = terminate.recv() => true,
            _ = interrupt.recv() => false,
            _ = quit.recv() => false,
        }
    }

    #[cfg(not(unix))]
    pub(crate) fn watch() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    pub(crate) async fn requested(self) -> bool {
        let _ = tokio::signal::ctrl_c().await;
        false
    }
}
