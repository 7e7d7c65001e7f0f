//! A TCP proxy in front of a broker, so that the broker can appear late or become unreachable to a
//! worker that knows only the proxy's address.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use super::poll::until;

/// Forwards connections from `listen` to `target` until the test ends.
pub fn forward(listen: SocketAddr, target: &str) {
    let listener = TcpListener::bind(listen).unwrap();
    let target = target.to_owned();
    thread::spawn(move || {
        for client in listener.incoming() {
            let Ok(client) = client else { return };
            let Ok(server) = TcpStream::connect(&target) else { continue };
            let (client_too, server_too) =
                (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || copy(client, server));
            thread::spawn(move || copy(server_too, client_too));
        }
    });
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    // When one side ends, cleanly or not, the other is closed too.
    drop(io::copy(&mut from, &mut to));
    drop(to.shutdown(Shutdown::Both));
}

/// How a [`Proxy`] treats connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Forwards everything.
    Open,
    /// Accepts and keeps connections, but forwards nothing. It forwards the received bytes once it
    /// is open again: late, as networks do.
    Silent,
    /// Has reset all connections, and does not listen.
    Refusing,
}

/// A proxy that can cut off its clients and reconnect them. It runs until it is dropped.
pub struct Proxy {
    /// The address that it listens on.
    pub address: SocketAddr,
    mode: watch::Sender<Mode>,
    /// Runs the proxy's tasks.
    _runtime: Runtime,
}

impl Proxy {
    /// Listens on `address` and forwards to `target`.
    pub fn start(address: SocketAddr, target: &str) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (mode, seen) = watch::channel(Mode::Open);
        runtime.spawn(listen(address, target.to_owned(), seen));
        until("the proxy listens", || TcpStream::connect(address).is_ok());
        Self { address, mode, _runtime: runtime }
    }

    /// Changes the mode.
    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
        if mode == Mode::Refusing {
            until("the proxy refuses", || TcpStream::connect(self.address).is_err());
        }
    }
}

async fn listen(address: SocketAddr, target: String, mut mode: watch::Receiver<Mode>) {
    loop {
        wait(&mut mode, |mode| mode != Mode::Refusing).await;
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        loop {
            tokio::select! {
                client = listener.accept() => {
                    let Ok((client, _)) = client else { continue };
                    tokio::spawn(connection(client, target.clone(), mode.clone()));
                }
                () = wait(&mut mode, |mode| mode == Mode::Refusing) => break,
            }
        }
    }
}

/// One client's connection, until either side ends it or the proxy refuses.
async fn connection(
    client: tokio::net::TcpStream,
    target: String,
    mut mode: watch::Receiver<Mode>,
) {
    let Ok(server) = tokio::net::TcpStream::connect(&target).await else { return };
    // Requests are small, and must not wait for the response to the previous one.
    drop((client.set_nodelay(true), server.set_nodelay(true)));
    let (towards, back) = (mode.clone(), mode.clone());
    tokio::select! {
        () = pass(&client, &server, towards) => {}
        () = pass(&server, &client, back) => {}
        () = wait(&mut mode, |mode| mode == Mode::Refusing) => drop(client.set_zero_linger()),
    }
}

async fn pass(
    from: &tokio::net::TcpStream,
    to: &tokio::net::TcpStream,
    mut mode: watch::Receiver<Mode>,
) {
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let Ok(()) = from.readable().await else { return };
        let got = match from.try_read(&mut chunk) {
            Ok(0) => return,
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(_) => return,
        };
        wait(&mut mode, |mode| mode == Mode::Open).await;
        let mut rest = &chunk[..got];
        while !rest.is_empty() {
            let Ok(()) = to.writable().await else { return };
            match to.try_write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }
}

async fn wait(mode: &mut watch::Receiver<Mode>, condition: fn(Mode) -> bool) {
    // An error means that the proxy was dropped, and this task with it.
    drop(mode.wait_for(|mode| condition(*mode)).await);
}
