//! A setting as strategic merge patches of the objects that the manifests hold.

use super::knobs::Knob;
use crate::config::manifest::{Container, Hook, Manifests, ObjectMeta, Raw, Selection};

/// Patches are for these objects, each a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// Kind and name of each object, in the order of the documents.
    pub objects: Vec<(String, String)>,
    /// The documents.
    pub yaml: String,
}

/// What a patch is made from.
pub(super) struct Target<'a> {
    pub(super) manifests: &'a Manifests,
    pub(super) selection: &'a Selection<'a>,
    pub(super) kubernetes_minor: u32,
}

/// The patch that sets these values: a knob's name and its text.
pub(super) fn patch(values: &[(&Knob, &str)], target: &Target<'_>) -> Patch {
    let mut patch = Patch::default();
    let (scaler, workload): (Vec<_>, Vec<_>) =
        values.iter().partition(|(knob, _)| knob.name.starts_with("hpa."));
    let deployment = target.selection.deployment;
    if !workload.is_empty() {
        let mut object = identity(&deployment.meta, "Deployment");
        workload.iter().for_each(|(knob, text)| set_workload(&mut object, knob.name, text, target));
        patch.add("Deployment", &deployment.meta.name, &object);
    }
    if let Some(autoscaler) = target.selection.autoscalers.first().filter(|_| !scaler.is_empty()) {
        let mut object = identity(&autoscaler.meta, "HorizontalPodAutoscaler");
        let written = written(target.manifests, "HorizontalPodAutoscaler", &autoscaler.meta);
        scaler.iter().for_each(|(knob, text)| set_scaler(&mut object, knob.name, text, written.as_ref()));
        patch.add("HorizontalPodAutoscaler", &autoscaler.meta.name, &object);
    }
    patch
}

impl Patch {
    fn add(&mut self, kind: &str, name: &str, object: &Raw) {
        if !self.yaml.is_empty() {
            self.yaml.push_str("---\n");
        }
        self.objects.push((kind.to_owned(), name.to_owned()));
        self.yaml.push_str(&object.to_yaml());
    }
}

fn identity(meta: &ObjectMeta, kind: &str) -> Raw {
    let mut object = Raw::Map(Vec::new());
    object.set("apiVersion", Raw::Text(meta.api_version.clone()));
    object.set("kind", Raw::Text(kind.to_owned()));
    object.set("metadata.name", Raw::Text(meta.name.clone()));
    if meta.namespace != "default" {
        object.set("metadata.namespace", Raw::Text(meta.namespace.clone()));
    }
    object
}

/// The object as the manifests hold it.
fn written(manifests: &Manifests, kind: &str, meta: &ObjectMeta) -> Option<Raw> {
    let objects = manifests.sources.iter().filter_map(|text| Raw::objects(&text.name, &text.text).ok());
    objects.flatten().rfind(|object| object.identity() == (kind, &meta.namespace, &meta.name))
}

fn set_workload(object: &mut Raw, knob: &str, text: &str, target: &Target<'_>) {
    let whole = Raw::Bare(text.trim_end_matches('s').to_owned());
    match knob {
        "grace" => object.set("spec.template.spec.terminationGracePeriodSeconds", whole),
        "minReadySeconds" => object.set("spec.minReadySeconds", whole),
        "maxSurge" | "maxUnavailable" => {
            object.set("spec.strategy.type", Raw::Text("RollingUpdate".to_owned()));
            let limit =
                if text.ends_with('%') { Raw::Text(text.to_owned()) } else { Raw::Bare(text.to_owned()) };
            object.set(&format!("spec.strategy.rollingUpdate.{knob}"), limit);
        }
        "preStop" => {
            for container in &target.selection.deployment.pod_spec.containers {
                let hook = hook(container, text.trim_end_matches('s'), target.kubernetes_minor);
                in_container(object, &container.name, "lifecycle.preStop", hook);
            }
        }
        _ => {
            let field = knob.trim_start_matches("readiness.");
            let probed = target.selection.deployment.pod_spec.containers.iter();
            for container in probed.filter(|container| container.readiness_probe.is_some()) {
                in_container(object, &container.name, &format!("readinessProbe.{field}"), whole.clone());
            }
        }
    }
}

/// The sleep action from 1.30 on; before that there is only a command. The other kind of handler
/// must go, since a hook has one.
fn hook(container: &Container, seconds: &str, kubernetes_minor: u32) -> Raw {
    let mut hook = Raw::Map(Vec::new());
    let action = kubernetes_minor >= 30;
    match &container.lifecycle.pre_stop {
        Some(Hook::Exec(_)) if action => hook.set("exec", Raw::null()),
        Some(Hook::Sleep { .. }) if !action => hook.set("sleep", Raw::null()),
        _ => {}
    }
    if seconds == "none" {
        return Raw::null();
    }
    if action {
        hook.set("sleep.seconds", Raw::Bare(seconds.to_owned()));
    } else {
        let command = ["sleep", seconds].map(|word| Raw::Text(word.to_owned()));
        hook.set("exec.command", Raw::List(command.into()));
    }
    hook
}

/// Sets a field of one container, which a patch names by `name`.
fn in_container(object: &mut Raw, name: &str, path: &str, value: Raw) {
    const LIST: &str = "spec.template.spec.containers";
    let mut containers = object.items(LIST).to_vec();
    let known = containers.iter().position(|container| container.word("name") == Some(name));
    let at = known.unwrap_or_else(|| {
        containers.push(Raw::Map(vec![("name".to_owned(), Raw::Text(name.to_owned()))]));
        containers.len() - 1
    });
    containers[at].set(path, value);
    object.set(LIST, Raw::List(containers));
}

fn set_scaler(object: &mut Raw, knob: &str, text: &str, written: Option<&Raw>) {
    let number = Raw::Bare(text.to_owned());
    match knob {
        "hpa.min" => object.set("spec.minReplicas", number),
        "hpa.scaleDown.window" => object.set("spec.behavior.scaleDown.stabilizationWindowSeconds", number),
        "hpa.scaleUp.window" => object.set("spec.behavior.scaleUp.stabilizationWindowSeconds", number),
        _ if object.word("apiVersion") == Some("autoscaling/v1") => {
            object.set("spec.targetCPUUtilizationPercentage", number);
        }
        _ => {
            let metrics = written.map_or(&[][..], |written| written.items("spec.metrics"));
            // A list without a merge key: it goes into the patch as a whole.
            let mut metrics = metrics.to_vec();
            if let Some((metric, place)) = metrics.iter_mut().find_map(|metric| {
                let place = cpu_target(metric)?;
                Some((metric, place))
            }) {
                metric.set(place, number);
            }
            object.set("spec.metrics", Raw::List(metrics));
        }
    }
}

/// Where a metric of CPU has its target, in each version of the API.
fn cpu_target(metric: &Raw) -> Option<&'static str> {
    const PLACES: [(&str, &str); 4] = [
        ("resource.name", "resource.target.averageUtilization"),
        ("containerResource.name", "containerResource.target.averageUtilization"),
        ("resource.name", "resource.targetAverageUtilization"),
        ("containerResource.name", "containerResource.targetAverageUtilization"),
    ];
    let fits = |(name, place): &&(&str, &str)| metric.word(name) == Some("cpu") && metric.at(place).is_some();
    PLACES.iter().find(fits).map(|(_, place)| *place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::manifest::{Source, apply_patch, read_manifests, select_workload};
    use crate::diag::SourceText;

    const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: app
          image: app
          readinessProbe: {tcpSocket: {port: 80}}
          lifecycle: {preStop: {exec: {command: [sleep, '5']}}}
        - {name: proxy, image: proxy}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec:
  minReplicas: 3
  maxReplicas: 9
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  metrics:
    - {type: Resource, resource: {name: memory, target: {type: Utilization, averageUtilization: 80}}}
    - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}
";

    fn made(values: &[(&'static str, &str)], minor: u32) -> (Patch, Vec<Raw>) {
        made_of(WEB, values, minor)
    }

    fn made_of(web: &str, values: &[(&'static str, &str)], minor: u32) -> (Patch, Vec<Raw>) {
        let source = Source::Text { name: "web.yaml".to_owned(), text: web.to_owned() };
        let manifests = read_manifests(&[source]).expect("manifests");
        let selection = select_workload(&manifests, None).expect("a workload");
        let target = Target { manifests: &manifests, selection: &selection, kubernetes_minor: minor };
        let knobs: Vec<Knob> =
            values.iter().map(|&(name, _)| Knob { name, values: Vec::new(), now: 0, free: false }).collect();
        let pairs: Vec<(&Knob, &str)> =
            knobs.iter().zip(values).map(|(knob, (_, text))| (knob, *text)).collect();
        let patch = patch(&pairs, &target);
        let applied = apply_patch(&[SourceText::new("web.yaml", web)], &patch.yaml).expect("it applies");
        let objects = Raw::objects("web.yaml", &applied[0].1).expect("YAML");
        (patch, objects)
    }

    #[test]
    fn every_container_gets_the_hook_and_keeps_the_rest() {
        let values =
            [("preStop", "26s"), ("grace", "40s"), ("maxSurge", "25%"), ("readiness.periodSeconds", "5")];
        let (patch, objects) = made(&values, 35);
        assert_eq!(patch.objects, [("Deployment".to_owned(), "web".to_owned())]);
        let spec = objects[0].at("spec.template.spec").expect("a pod spec");
        assert_eq!(spec.word("terminationGracePeriodSeconds"), Some("40"));
        let [app, proxy] = spec.items("containers") else { panic!("{spec:?}") };
        assert_eq!(app.keys("lifecycle.preStop").collect::<Vec<_>>(), ["sleep"], "the command is gone");
        for container in [app, proxy] {
            assert_eq!(container.word("lifecycle.preStop.sleep.seconds"), Some("26"));
        }
        assert_eq!(app.word("readinessProbe.periodSeconds"), Some("5"));
        assert_eq!(app.word("readinessProbe.tcpSocket.port"), Some("80"));
        assert_eq!(proxy.at("readinessProbe"), None, "a probe is not made of a period");
        assert_eq!(objects[0].word("spec.strategy.rollingUpdate.maxSurge"), Some("25%"));
    }

    #[test]
    fn before_1_30_the_hook_is_a_command() {
        let (_, objects) = made(&[("preStop", "9s")], 29);
        let containers = objects[0].items("spec.template.spec.containers");
        for container in containers {
            assert_eq!(container.items("lifecycle.preStop.exec.command").len(), 2);
            assert_eq!(container.at("lifecycle.preStop.sleep"), None);
        }
    }

    #[test]
    fn the_first_version_of_an_autoscaler_has_one_number() {
        let old =
            WEB.split_once("  metrics:").expect("metrics").0.replace("autoscaling/v2", "autoscaling/v1");
        let (_, objects) = made_of(&old, &[("hpa.cpu", "70")], 35);
        assert_eq!(objects[1].word("spec.targetCPUUtilizationPercentage"), Some("70"));
        assert_eq!(objects[1].at("spec.metrics"), None);
    }

    #[test]
    fn of_two_autoscalers_of_one_name_the_patch_is_made_from_its_own() {
        let (_, scaler) = WEB.split_once("---\n").expect("two objects");
        let other =
            scaler.replace("shop", "bank").replace("averageUtilization: 80", "averageUtilization: 11");
        let (patch, objects) = made_of(&format!("{WEB}---\n{other}"), &[("hpa.cpu", "70")], 35);
        assert!(patch.yaml.contains("averageUtilization: 80"), "{}", patch.yaml);
        let target = |object: &Raw| {
            object.items("spec.metrics")[1].word("resource.target.averageUtilization").map(str::to_owned)
        };
        assert_eq!(
            [target(&objects[1]), target(&objects[2])],
            [Some("70".to_owned()), Some("60".to_owned())]
        );
    }

    #[test]
    fn the_other_metrics_of_an_autoscaler_stay() {
        let values = [("hpa.cpu", "70"), ("hpa.min", "4"), ("hpa.scaleDown.window", "600")];
        let (patch, objects) = made(&values, 35);
        assert_eq!(patch.objects.len(), 1);
        let spec = objects[1].at("spec").expect("a spec");
        let [memory, cpu] = spec.items("metrics") else { panic!("{spec:?}") };
        assert_eq!(memory.word("resource.target.averageUtilization"), Some("80"));
        assert_eq!(cpu.word("resource.target.averageUtilization"), Some("70"));
        assert_eq!((spec.word("minReplicas"), spec.word("maxReplicas")), (Some("4"), Some("9")));
        assert_eq!(spec.word("behavior.scaleDown.stabilizationWindowSeconds"), Some("600"));
    }
}
