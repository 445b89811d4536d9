//! What an image holds, as far as its name tells.

/// Names of images that are known to hold a shell and coreutils.
const WITH_SHELL: &[&str] = &[
    "nginx",
    "httpd",
    "php",
    "python",
    "node",
    "ruby",
    "openjdk",
    "eclipse-temurin",
    "amazoncorretto",
    "golang",
    "alpine",
    "debian",
    "ubuntu",
    "busybox",
    "tomcat",
    "haproxy",
    "caddy",
    "redis",
    "perl",
    "rust",
];

/// Whether an image holds a shell and coreutils.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// It is known to.
    There,
    /// It is known to hold none.
    Lacking,
    /// The name tells nothing.
    Unknown,
}

/// What is known of the shell in `image`.
pub fn shell_in(image: &str) -> Shell {
    let image = image.to_ascii_lowercase();
    match () {
        () if is_bare(&image) => Shell::Lacking,
        () if WITH_SHELL.contains(&base(untagged(&image))) => Shell::There,
        () => Shell::Unknown,
    }
}

/// Whether an image is one of those that are made without a shell. Their variants for debugging hold one.
fn is_bare(image: &str) -> bool {
    let path = untagged(image);
    let tag = &image[path.len()..];
    let for_debugging = tag.contains("debug") || tag.ends_with("-dev");
    let distroless = path.split('/').any(|part| part.starts_with("distroless")) || tag.contains("distroless");
    let known = distroless || path.split('/').any(|part| part == "chainguard") || path == "scratch";
    known && !for_debugging
}

/// Proxies to a database beside the application that uses it, as images and containers are called.
const DATABASE_PROXIES: &[&str] =
    &["cloud-sql-proxy", "cloudsql-proxy", "cloud-sql-auth-proxy", "gce-proxy", "alloydb-auth-proxy"];

/// Whether a container is a proxy through which its pod's application reaches a database.
pub fn is_database_proxy(container: &str, image: &str) -> bool {
    let image = image.to_ascii_lowercase();
    [container, base(untagged(&image))].iter().any(|name| DATABASE_PROXIES.contains(name))
}

/// The program that a command runs, if only an image with a shell and coreutils holds it.
pub fn shell_program(command: &[String]) -> Option<&str> {
    let program = command.first().map(|path| base(path))?;
    ["sh", "bash", "ash", "sleep"].contains(&program).then_some(program)
}

/// The last part of a path or image name.
fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// An image name without tag and digest.
fn untagged(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rfind(':') {
        Some(colon) if !image[colon..].contains('/') => &image[..colon],
        _ => image,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_of_shells() {
        for (image, shell) in [
            ("gcr.io/distroless/java17", Shell::Lacking),
            ("x/app:distroless", Shell::Lacking),
            ("scratch", Shell::Lacking),
            ("registry.example/chainguard/node:latest", Shell::Lacking),
            ("registry.example/chainguard/node:latest-dev", Shell::There),
            ("registry.example/distroless/java17:debug", Shell::Unknown),
            ("acme/web-static:1.2", Shell::Unknown),
            ("team/from-scratch-api", Shell::Unknown),
            ("python:3.12-slim", Shell::There),
            ("registry.example/team/web:1", Shell::Unknown),
        ] {
            assert_eq!(shell_in(image), shell, "{image}");
        }
        let program = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            shell_program(&words).map(str::to_owned)
        };
        assert_eq!(program(&["/bin/sh", "-c", "sleep 5"]).as_deref(), Some("sh"));
        assert_eq!(program(&["/app/drain", "--wait"]), None);
    }

    #[test]
    fn database_proxies_are_known_by_their_names() {
        for (name, image, is) in [
            ("db", "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.1", true),
            ("db", "gcr.io/cloudsql-docker/gce-proxy:1.33.2", true),
            ("cloudsql-proxy", "registry.example/mirror/gcp-sqlproxy:2", true),
            ("db", "acme/cloud-sql-proxy-monitor", false),
            ("app", "nginx", false),
        ] {
            assert_eq!(is_database_proxy(name, image), is, "{name}: {image}");
        }
    }

    #[test]
    fn image_names_lose_registry_tag_and_digest() {
        for (image, name) in [
            ("nginx", "nginx"),
            ("nginx:1.27-alpine", "nginx"),
            ("registry.example:5000/team/php:8@sha256:0123", "php"),
            ("registry.example:5000/team/app", "app"),
        ] {
            assert_eq!(base(untagged(image)), name, "{image}");
        }
    }
}
