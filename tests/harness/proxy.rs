//! A TCP proxy in front of a broker: what is "not there yet" to a worker that knows only its address.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

/// From now on connections to `listen` are passed on to `target`, until the test ends.
pub fn forward(listen: SocketAddr, target: &str) {
    let listener = TcpListener::bind(listen).unwrap();
    let target = target.to_owned();
    thread::spawn(move || {
        for client in listener.incoming() {
            let Ok(client) = client else { return };
            let Ok(server) = TcpStream::connect(&target) else { continue };
            let (client_too, server_too) = (client.try_clone().unwrap(), server.try_clone().unwrap());
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
