//! Objects that do not fit each other.

use super::super::*;
use super::{HPA, INGRESS, PDB, SERVICE, WEB, documents, edited, read_ok, rendered};

/// The codes that the links of some documents give, and the first such diagnostic as text.
fn found(texts: &[&str]) -> (Vec<&'static str>, String) {
    let manifests = read_ok(&documents(texts));
    let warnings = link_warnings(&manifests);
    (warnings.iter().map(|warning| warning.code).collect(), rendered(&warnings))
}

fn with_request(web: &str) -> String {
    edited(web, "          ports:", "          resources: {requests: {cpu: 100m}}\n          ports:")
}

/// A Deployment that an autoscaler can work with.
fn scalable() -> String {
    with_request(&edited(WEB, "  replicas: 3\n", ""))
}

#[test]
fn what_fits_is_not_complained_about() {
    let (codes, text) = found(&[&scalable(), SERVICE, HPA, INGRESS, PDB]);
    assert!(codes.is_empty(), "{text}");
}

#[test]
fn links_that_do_not_hold() {
    let web = scalable();
    let second =
        edited(&web, "metadata:\n  name: web", "metadata:\n  name: api").replace("app: web", "app: api");
    let two_containers = edited(
        &web,
        "          readinessProbe:",
        "          livenessProbe: {tcpSocket: {port: 9000}}\n        - name: fpm\n          image: x\n          resources: {requests: {cpu: 1}}\n          ports: [{containerPort: 9000}]\n          readinessProbe:",
    );
    let crossed = edited(&two_containers, "              port: http\n", "              port: 8080\n");
    let hpa = |from: &str, to: &str| edited(HPA, from, to);
    let service = |from: &str, to: &str| edited(SERVICE, from, to);
    let many = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    for (name, texts, code, part) in [
        (
            "two autoscalers",
            many(&[&web, HPA, &hpa("metadata: {name: web}", "metadata: {name: second}")]),
            code::HPA_CONFLICT,
            "scaled by 2 autoscalers: `web` and `second`",
        ),
        (
            "no target",
            many(&[&web, &hpa("Deployment, name: web", "Deployment, name: Web")]),
            code::HPA_NO_TARGET,
            "did you mean `web`?",
        ),
        (
            "target elsewhere",
            many(&[&web, &hpa("metadata: {name: web}", "metadata: {name: web, namespace: shop}")]),
            code::HPA_NO_TARGET,
            "is in namespace default",
        ),
        (
            "autoscaler of the other",
            many(&[&web, &second, &hpa("metadata: {name: web}", "metadata: {name: api}")]),
            code::HPA_NAMED_OTHERWISE,
            "is named like Deployment `api` but scales `web`",
        ),
        (
            "no request",
            many(&[&edited(WEB, "  replicas: 3\n", ""), HPA]),
            code::HPA_NO_REQUEST,
            "container `app` requests no cpu",
        ),
        (
            "no such container",
            many(&[
                &web,
                &hpa(
                    "    - type: Resource\n      resource:\n        name: cpu",
                    "    - type: ContainerResource\n      containerResource:\n        container: ap\n        name: cpu",
                ),
            ]),
            code::HPA_NO_REQUEST,
            "there is no container `ap`",
        ),
        (
            "old reference",
            many(&[&web, &hpa("apiVersion: apps/v1", "apiVersion: apps/v1beta1")]),
            code::HPA_STALE_TARGET,
            "only the group `apps` counts",
        ),
        (
            "reference without group",
            many(&[&web, &hpa("apiVersion: apps/v1, ", "")]),
            code::HPA_STALE_TARGET,
            "does not scale",
        ),
        (
            "fixed replicas",
            many(&[&with_request(WEB), HPA]),
            code::REPLICAS_BESIDE_HPA,
            "sets `replicas: 3` although `web` scales it",
        ),
        (
            "Service of nobody",
            many(&[&web, &service("{app: web}", "{app: wev}")]),
            code::SERVICE_SELECTS_NOTHING,
            "selects none of the pods",
        ),
        (
            "Service with a label too many",
            many(&[&web, &service("{app: web}", "{app: web, tier: a}")]),
            code::SERVICE_SELECTS_NOTHING,
            "the pods of Deployment/web lack only tier=a",
        ),
        (
            "Service to a port that is not there",
            many(&[&web, &service("targetPort: http", "targetPort: htpp")]),
            code::SERVICE_NO_PORT,
            "did you mean `http`?",
        ),
        (
            "two Services",
            many(&[&web, SERVICE, &service("metadata: {name: web}", "metadata: {name: public}")]),
            code::SEVERAL_SERVICES,
            "several Services on one port: `web` and `public`",
        ),
        (
            "Ingress to no Service",
            many(&[&web, INGRESS]),
            code::INGRESS_NO_SERVICE,
            "leads to Service `web`, which is not there",
        ),
        (
            "budget of nobody",
            many(&[&web, &edited(PDB, "{app: web}", "{app: wev}")]),
            code::PDB_SELECTS_NOTHING,
            "protects nothing",
        ),
        (
            "crossed probes",
            many(&[&crossed]),
            code::PROBE_CROSS_WIRED,
            "livenessProbe of container `app` asks port 9000, which belongs to container `fpm`",
        ),
    ] {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (codes, text) = found(&texts);
        let expected = if name == "crossed probes" { vec![code, code] } else { vec![code] };
        assert_eq!(codes, expected, "{name}:\n{text}");
        assert!(text.contains(part), "{name}:\n{text}");
    }
}

#[test]
fn requests_that_count() {
    let hpa_memory = edited(HPA, "name: cpu", "name: memory");
    let average =
        edited(HPA, "{type: Utilization, averageUtilization: 60}", "{type: AverageValue, averageValue: 1}");
    let open = edited(WEB, "  replicas: 3\n", "");
    let limited =
        edited(&open, "          ports:", "          resources: {limits: {cpu: 1}}\n          ports:");
    let whole_pod =
        edited(&open, "      containers:", "      resources: {requests: {cpu: 1}}\n      containers:");
    let sidecar = edited(
        &scalable(),
        "      containers:",
        "      initContainers: [{name: p, image: p, restartPolicy: Always}]\n      containers:",
    );
    let init = edited(
        &scalable(),
        "      containers:",
        "      initContainers: [{name: p, image: p}]\n      containers:",
    );
    for (name, texts, complains) in [
        ("cpu but memory is asked for", [scalable().as_str(), &hpa_memory], true),
        ("an average value needs none", [&open, &average], false),
        ("a limit is a request too", [&limited, HPA], false),
        ("a request of the whole pod", [&whole_pod, HPA], false),
        ("a sidecar counts", [&sidecar, HPA], true),
        ("an init container does not", [&init, HPA], false),
    ] {
        let (codes, text) = found(&texts);
        assert_eq!(codes.contains(&code::HPA_NO_REQUEST), complains, "{name}:\n{text}");
    }
}

#[test]
fn replicas_of_a_running_deployment_are_no_fault() {
    let running = edited(&with_request(WEB), "  name: web", "  name: web\n  uid: 1b");
    let (codes, text) = found(&[&running, HPA]);
    assert!(codes.is_empty(), "{text}");
}

#[test]
fn services_on_different_ports_are_no_rivals() {
    let web = edited(
        &scalable(),
        "containerPort: 8080",
        "containerPort: 8080\n            - {name: admin, containerPort: 9000}",
    );
    let other = |port: &str| {
        edited(&edited(SERVICE, "metadata: {name: web}", "metadata: {name: other}"), "targetPort: http", port)
    };
    for (port, complains) in
        [("targetPort: admin", false), ("targetPort: 9000", false), ("targetPort: 8080", true)]
    {
        let (codes, text) = found(&[&web, SERVICE, &other(port)]);
        assert_eq!(codes.contains(&code::SEVERAL_SERVICES), complains, "{port}:\n{text}");
    }
}

#[test]
fn pods_of_other_kinds_may_be_meant() {
    let database = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\n";
    let (codes, text) = found(&[&scalable(), &edited(SERVICE, "{app: web}", "{app: db}"), database]);
    assert!(codes.is_empty(), "{text}");
}

#[test]
fn a_selection_tells_what_concerns_it() {
    let web = scalable();
    let other =
        edited(&web, "metadata:\n  name: web", "metadata:\n  name: api").replace("app: web", "app: api");
    let hpa = |name: &str| {
        edited(
            &edited(HPA, "metadata: {name: web}", &format!("metadata: {{name: {name}}}")),
            "Deployment, name: web",
            "Deployment, name: api",
        )
    };
    let manifests = read_ok(&documents(&[&web, &other, &hpa("one"), &hpa("two")]));
    let codes = |wanted| -> Vec<&str> {
        select_workload(&manifests, Some(wanted))
            .unwrap()
            .warnings
            .iter()
            .map(|warning| warning.code)
            .collect()
    };
    assert_eq!(codes("api"), [code::HPA_CONFLICT]);
    assert_eq!(codes("web"), Vec::<&str>::new());
    // What leads nowhere may have been meant for it.
    let manifests =
        read_ok(&documents(&[&web, &edited(HPA, "Deployment, name: web", "Deployment, name: frontend")]));
    let selection = select_workload(&manifests, None).unwrap();
    assert_eq!(selection.warnings[0].code, code::HPA_NO_TARGET);
}
