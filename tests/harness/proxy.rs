//! A TCP proxy in front of a broker: what is "not there yet" to a worker that knows only its address, or is there no more.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use super::poll::until;

/// From now on connections to `listen` are passed on to `target`, until the test ends.
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
    // Either side's end, clean or not, ends the other.
    drop(io::copy(&mut from, &mut to));
    drop(to.shutdown(Shutdown::Both));
}

/// What a [`Proxy`] does with what it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It passes everything on.
    Open,
    /// It accepts connections and keeps them, and passes nothing. What it has got it passes once it is open again: late, as networks do.
    Silent,
    /// It has reset all connections, and nothing listens.
    Refusing,
}

/// A proxy that can be told to cut its clients off, and to heal. Until it is dropped.
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    mode: watch::Sender<Mode>,
    /// What it runs on.
    _runtime: Runtime,
}

impl Proxy {
    /// Listens on `address` and passes on to `target`.
    pub fn start(address: SocketAddr, target: &str) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (mode, seen) = watch::channel(Mode::Open);
        runtime.spawn(listen(address, target.to_owned(), seen));
        until("the proxy listens", || TcpStream::connect(address).is_ok());
        Self { address, mode, _runtime: runtime }
    }

    /// From now on.
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
    // Requests are small: none waits for the answer to the one before.
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

async fn wait(mode: &mut watch::Receiver<Mode>, so: fn(Mode) -> bool) {
    // An error: the proxy was dropped, and this task with it.
    drop(mode.wait_for(|mode| so(*mode)).await);
}
