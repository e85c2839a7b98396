//! Being asked to end, by a signal.

/// The signals that ask for it, taken from the moment on at which this is made.
pub(crate) struct Shutdown {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 3],
}

impl Shutdown {
    /// Begins to watch. From now on a signal is a request, and no longer the end.
    ///
    /// Errors: the operating system refuses.
    #[cfg(unix)]
    pub(crate) fn watch() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let signals =
            [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::quit())?];
        Ok(Self { signals })
    }

    /// Waits until it is asked for; answers whether running requests are to be finished first, which is what SIGTERM
    /// means. Whoever presses Ctrl-C does not want to wait.
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
