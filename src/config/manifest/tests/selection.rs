//! Which workload is chosen, and what belongs to it.

use super::super::*;
use super::{HPA, INGRESS, PDB, SERVICE, WEB, documents, edited, read_ok};

/// The documents of a second workload, `api`.
fn api(text: &str) -> String {
    text.replace("web", "api")
}

#[test]
fn the_workload_that_is_meant() {
    let (web, api_deployment) = (WEB, api(WEB));
    let service = api(SERVICE);
    for (name, texts, chosen, reason) in [
        ("one", vec![WEB.to_owned()], "web", "the only Deployment"),
        (
            "behind a Service",
            vec![web.into(), api_deployment.clone(), SERVICE.into()],
            "web",
            "behind a Service",
        ),
        (
            "with an autoscaler",
            vec![web.into(), api_deployment.clone(), SERVICE.into(), service.clone(), api(HPA)],
            "api",
            "HorizontalPodAutoscaler",
        ),
        (
            "an Ingress before an autoscaler",
            vec![
                web.into(),
                api_deployment.clone(),
                SERVICE.into(),
                service.clone(),
                api(HPA),
                INGRESS.into(),
            ],
            "web",
            "an Ingress leads to",
        ),
        (
            "two with an Ingress, one of them with an autoscaler",
            vec![
                web.into(),
                api_deployment.clone(),
                SERVICE.into(),
                service.clone(),
                api(HPA),
                INGRESS.into(),
                api(INGRESS),
            ],
            "api",
            "HorizontalPodAutoscaler",
        ),
    ] {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let manifests = read_ok(&documents(&texts));
        let selection = select_workload(&manifests, None).expect(name);
        assert_eq!(selection.deployment.meta.name, chosen, "{name}");
        assert!(selection.reason.contains(reason), "{name}: {}", selection.reason);
    }
}

#[test]
fn names_that_choose() {
    let shop = edited(&api(WEB), "  name: api", "  name: api\n  namespace: shop");
    let manifests =
        read_ok(&documents(&[WEB, &shop, &edited(WEB, "  name: web", "  name: web\n  namespace: shop")]));
    for (wanted, chosen) in [
        ("api", Ok("shop/Deployment/api")),
        ("deploy/api", Ok("shop/Deployment/api")),
        ("Deployment/api", Ok("shop/Deployment/api")),
        ("shop/api", Ok("shop/Deployment/api")),
        ("shop/deploy/web", Ok("shop/Deployment/web")),
        ("default/deployment/web", Ok("Deployment/web")),
        ("web", Err("`web` is there more than once: deploy/web, shop/deploy/web")),
        ("wev", Err("no Deployment is called `wev`")),
        ("sts/web", Err("`sts/web`: podloss simulates Deployments, not sts")),
        ("a/b/c/d", Err("no Deployment is called `a/b/c/d`")),
        ("", Err("no Deployment is called ``")),
    ] {
        let found = select_workload(&manifests, Some(wanted));
        let found = found.map(|selection| selection.deployment.meta.title()).map_err(|error| error.message);
        assert_eq!(found, chosen.map(str::to_owned).map_err(str::to_owned), "{wanted}");
    }
}

#[test]
fn candidates_are_listed() {
    let manifests = read_ok(&documents(&[WEB, &api(WEB)]));
    let error = select_workload(&manifests, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "error[ambiguous-workload]: 2 Deployments could be meant: deploy/web, deploy/api; help: choose one with `--workload deploy/web`"
    );
    let manifests = read_ok("apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\n");
    let error = select_workload(&manifests, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "error[no-workload]: there is no Deployment in these files; help: podloss simulates Deployments; of other kinds there are: StatefulSet"
    );
}

#[test]
fn what_belongs_to_a_workload() {
    let stranger = |text: &str| {
        edited(&text.replace("name: web", "name: strange"), "kind: ", "kind: ")
            .replace("app: web", "app: strange")
    };
    let texts = [
        WEB.to_owned(),
        SERVICE.to_owned(),
        HPA.to_owned(),
        INGRESS.to_owned(),
        PDB.to_owned(),
        stranger(SERVICE),
        stranger(PDB),
    ];
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let manifests = read_ok(&documents(&texts));
    let selection = select_workload(&manifests, Some("web")).unwrap();
    assert_eq!(selection.services.len(), 1);
    assert_eq!(selection.ingresses.len(), 1);
    assert_eq!(selection.autoscalers.len(), 1);
    assert_eq!(selection.disruption_budgets.len(), 1);
    assert_eq!(selection.pod_spec, selection.deployment.pod_spec);
    // The same names in another namespace belong to something else.
    let elsewhere = texts
        .iter()
        .map(|text| text.replace("name: web}", "name: web, namespace: shop}"))
        .collect::<Vec<_>>();
    let elsewhere: Vec<&str> = elsewhere.iter().map(String::as_str).collect();
    let manifests = read_ok(&documents(&elsewhere));
    let selection = select_workload(&manifests, Some("web")).unwrap();
    assert_eq!(
        (selection.services.len(), selection.autoscalers.len(), selection.disruption_budgets.len()),
        (0, 0, 0)
    );
}

/// A pod of the Deployment `web` as a cluster gives it out.
fn pod(name: &str, set: &str, more: &str) -> String {
    format!(
        "apiVersion: v1
kind: Pod
metadata:
  name: {name}
  uid: '{name}'
  labels: {{app: web}}
  ownerReferences: [{{kind: ReplicaSet, name: {set}, uid: x}}]
spec:
  containers:
    - name: app
      image: example/app:1
      ports: [{{name: http, containerPort: 8080}}]
      readinessProbe: {{httpGet: {{path: /ready, port: http}}, periodSeconds: 5}}
{more}"
    )
}

const SIDECAR: &str = "    - {name: istio-proxy, image: proxy, resources: {requests: {cpu: 100m}}}
  initContainers: [{name: istio-init, image: init}]
  readinessGates: [{conditionType: gate}]
";

#[test]
fn running_pods_complete_the_template() {
    let manifests =
        read_ok(&documents(&[WEB, &pod("web-1-a", "web-1", SIDECAR), &pod("webshop-1-a", "webshop-1", "")]));
    let selection = select_workload(&manifests, None).unwrap();
    assert_eq!(selection.pods.len(), 1, "the other pod's ReplicaSet is not one of `web`");
    assert_eq!(
        selection.injected,
        ["container istio-proxy", "init container istio-init", "readiness gate gate"]
    );
    assert_eq!(selection.pod_spec.readiness_gates, ["gate"]);
    assert_eq!(selection.pod_spec.containers.len(), 2);
    assert!(selection.warnings.is_empty(), "{:?}", selection.warnings);
}

#[test]
fn the_template_counts_where_pods_say_something_else() {
    let template =
        edited(WEB, "          ports:", "          resources: {requests: {cpu: 200m}}\n          ports:");
    let pod = pod("web-1-a", "web-1", "      resources: {requests: {cpu: 500m, memory: 1Gi}}\n")
        .replace("app:1", "app:0");
    let manifests = read_ok(&documents(&[&template, &pod]));
    let selection = select_workload(&manifests, None).unwrap();
    let resources = selection.pod_spec.containers[0].resources;
    assert_eq!(
        (resources.cpu_request_milli, resources.memory_request_milli),
        (Some(200), Some(1 << 30).map(|bytes: u64| bytes * 1000))
    );
    assert_eq!(selection.injected, ["memory request of container app"]);
    let [warning] = selection.warnings.as_slice() else { panic!("{:?}", selection.warnings) };
    assert_eq!(
        warning.message,
        "Deployment/web: its pods differ from its template: cpu request of container app, image of container app"
    );
}

#[test]
fn pods_of_the_newest_revision_are_asked() {
    let set = |name: &str, revision: u32, owner: &str| {
        format!(
            "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata:\n  name: {name}\n  uid: {name}\n  annotations: {{deployment.kubernetes.io/revision: '{revision}'}}\n  ownerReferences: [{{kind: Deployment, name: {owner}, uid: y}}]\nspec: {{replicas: 1}}\n"
        )
    };
    let texts = [
        WEB.to_owned(),
        set("web-new", 10, "web"),
        set("web-old", 9, "web"),
        set("web-other", 11, "other"),
        pod("a", "web-new", SIDECAR),
        pod("b", "web-old", ""),
        pod("c", "web-other", "    - {name: x, image: y}\n"),
    ];
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let manifests = read_ok(&documents(&texts));
    let selection = select_workload(&manifests, None).unwrap();
    assert_eq!(selection.pods.len(), 2, "the third pod's ReplicaSet belongs to another Deployment");
    assert_eq!(selection.injected[0], "container istio-proxy");
    assert_eq!(selection.pod_spec.containers.len(), 2);
}
