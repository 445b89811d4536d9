//! From a pod's creation to a listening application.

use crate::model::metrics::Meter;
use crate::model::outcome::Cause;
use crate::model::pod::PodPhase;
use crate::random::Stream;
use crate::sim::engine::Engine;
use crate::sim::event::{ContainerIndex, Event, SetId};
use crate::sim::path::{App, BackendSpec, PodId, RequestPath};
use crate::sim::spec::ContainerPlan;
use crate::sim::world::{Container, Pod, PostStartHook, Process, Route};
use crate::units::{Nanos, SimTime};

impl<P: RequestPath> Engine<P> {
    /// Adds a pod object; nobody has bound it yet.
    pub(crate) fn add_pod(&mut self, set: SetId, created: SimTime) -> PodId {
        let id = PodId::try_from(self.world.pods.len()).expect("fewer pods than events in a year");
        let replica_set = &self.world.sets[set as usize];
        let (deployment, template) = (replica_set.deployment, replica_set.template);
        let plan = &self.world.spec.deployments[usize::from(deployment)].templates[template];
        let hpa = self.world.spec.deployments[usize::from(deployment)].hpa.as_ref();
        let meters = vec![Meter::default(); hpa.map_or(0, |hpa| hpa.spec.metrics.len())];
        let route = Route::of(plan).expect("checked when the scenario was read");
        let containers = plan.containers.iter().map(|_| Container::new()).collect();
        let node = self.node_for(id);
        self.world.pods.push(Pod {
            deployment,
            set,
            template,
            node,
            uid: self.world.keyed(Stream::PodUid).at(u64::from(id), 0),
            created,
            bound: false,
            admitted: false,
            phase: PodPhase::Pending,
            has_ip: false,
            address_gone: false,
            deleted: None,
            doomed: false,
            deletion_cost: 0,
            stopping: false,
            gone: false,
            containers,
            ready: false,
            containers_ready: false,
            api_ready: false,
            api_containers_ready: false,
            ready_since: None,
            ready_transition: created,
            patch_due: false,
            gate_set: false,
            attempts: 0,
            endpoint_events: 0,
            listed_by: 0,
            meters,
            scrapes: Default::default(),
            route,
        });
        let forwards = self.world.template(id).forwards();
        self.path.add_pod(BackendSpec {
            server: self.server_of(usize::from(deployment), template),
            behind_proxy: forwards.map(|(_, down)| down),
            forward_delay: forwards.map_or(0, |(delay, _)| delay.0),
            is_ingress: self.is_ingress(deployment),
        });
        if let Some((_, down)) = forwards {
            self.path.set_app(id, App::Down(down, Cause::InPodUpstreamDown));
        }
        self.timeline.pod_created(id, deployment, self.world.sets[set as usize].revision, created);
        id
    }

    pub(crate) fn create_pod(&mut self, set: SetId) {
        self.world.sets[set as usize].being_created -= 1;
        let id = self.add_pod(set, self.now);
        let delay = self.world.draw_for(Stream::Scheduling, &self.world.spec.control.schedule, id, 0);
        self.queue.push(self.now + delay, Event::PodBound(id));
        self.wake_set(set);
    }

    pub(crate) fn pod_bound(&mut self, id: PodId) {
        if self.world.pods[id as usize].gone {
            return;
        }
        let Some(node) = self.node_with_room(id) else {
            return self.world.unschedulable.push(id);
        };
        self.world.pods[id as usize].node = node;
        self.world.pods[id as usize].bound = true;
        let record = self.timeline.pod(id);
        (record.bound, record.node) = (Some(self.now), Some(node));
        let delay = self.world.draw_for(Stream::KubeletStart, &self.world.spec.control.kubelet_notice, id, 0);
        self.queue.push(self.now + delay, Event::PodAdmitted(id));
    }

    /// The kubelet begins: probe workers first, then the sandbox, then the containers in order.
    pub(crate) fn pod_admitted(&mut self, id: PodId) {
        if self.world.pods[id as usize].deleted.is_some() {
            return;
        }
        self.world.pods[id as usize].admitted = true;
        self.make_probe_workers(id, self.now);
        self.start_ticking(id);
        if let Some(hpa) =
            &self.world.spec.deployments[usize::from(self.world.pods[id as usize].deployment)].hpa
        {
            let phase = self.housekeeping_phase(id, hpa.metrics.housekeeping);
            self.queue.push(self.now + phase, Event::Housekeeping(id));
        }
        let sandbox = self.world.draw_for(Stream::KubeletStart, &self.world.spec.control.sandbox, id, 1);
        self.queue.push(self.now + sandbox, Event::SandboxUp(id));
    }

    /// The pod has its address; its init containers run one after the other.
    pub(crate) fn sandbox_up(&mut self, id: PodId) {
        let pod = &mut self.world.pods[id as usize];
        if pod.deleted.is_some() {
            return;
        }
        pod.has_ip = true;
        let deployment = pod.deployment;
        // An address alone changes the usable endpoints only where readiness plays no part.
        if self.world.spec.deployments[usize::from(deployment)].publish_not_ready_addresses {
            self.wake_slice(deployment);
        }
        let init = (0..).zip(&self.world.template(id).init);
        let init: Nanos =
            init.map(|(at, dist)| self.world.draw_for(Stream::Startup, dist, id, 1 << 42 | at)).sum();
        self.queue.push(self.now + init, Event::StartContainer(id, 0));
    }

    /// Pulls the image, then creates and starts the container. Pulls on one node wait for each
    /// other (serializeImagePulls, the kubelet's default).
    pub(crate) fn start_container(&mut self, id: PodId, index: ContainerIndex) {
        let pod = &self.world.pods[id as usize];
        if pod.deleted.is_some() {
            return;
        }
        let node = pod.node as usize;
        let has_image = pod.containers[usize::from(index)].instance > 0;
        let index_key = u64::from(index);
        let plan = &self.world.template(id).containers[usize::from(index)];
        let pull = self.world.draw_for(Stream::ImagePull, &plan.image_pull, id, index_key);
        let start = self.world.draw_for(Stream::KubeletStart, &plan.start, id, 2 + index_key);
        let mut at = self.now;
        if pull.0 > 0 && !has_image {
            let free = &mut self.world.nodes[node].pulling_until;
            at = at.max(*free) + pull;
            *free = at;
        }
        self.queue.push(at + start, Event::ProcessStarted(id, index));
    }

    pub(crate) fn process_started(&mut self, id: PodId, index: ContainerIndex) {
        let pod = &mut self.world.pods[id as usize];
        if pod.deleted.is_some() {
            return;
        }
        let container = &mut pod.containers[usize::from(index)];
        container.instance += 1;
        container.process = Process::Running { since: self.now };
        container.post_start = PostStartHook::Over;
        container.stop = None;
        let instance = container.instance;
        if index == pod.route.entry {
            self.timeline.pod(id).started.get_or_insert(self.now);
        }
        let plan = self.plan(id, index);
        let key = u64::from(index) | u64::from(instance) << 8;
        let startup = self.world.draw_for(Stream::Startup, &plan.startup_time, id, key);
        let app_delay = self.world.draw_for(Stream::Startup, &plan.app_ready_delay, id, key | 1 << 40);
        let hook = plan.post_start.as_ref();
        let hook = hook.map(|hook| self.world.draw_for(Stream::Startup, &hook.duration, id, key | 1 << 43));
        self.queue.push(self.now + startup, Event::Listening(id, index, instance));
        self.queue.push(self.now + startup + app_delay, Event::AppReady(id, index, instance));
        self.process_started_for_probes(id, index);
        match hook {
            Some(hook) => {
                self.world.pods[id as usize].containers[usize::from(index)].post_start = PostStartHook::Runs;
                self.queue.push(self.now + hook, Event::PostStartOver(id, index, instance));
            }
            None => {
                self.notice_container_change(id, index);
                self.go_on_after(id, index);
            }
        }
    }

    /// A container's postStart hook has ended: the kubelet goes on with the pod, or stops the container
    /// if the hook has failed.
    pub(crate) fn post_start_over(&mut self, id: PodId, index: ContainerIndex, instance: u32) {
        let pod = &self.world.pods[id as usize];
        let container = &pod.containers[usize::from(index)];
        if pod.deleted.is_some() || container.instance != instance {
            return;
        }
        let key = u64::from(index) | u64::from(instance) << 8 | 1 << 44;
        let draw = self.world.keyed(Stream::Startup).fraction(u64::from(id), key);
        let fails = self.plan(id, index).post_start.as_ref().is_some_and(|hook| draw < hook.fails);
        let fails = fails && container.is_running();
        let hook = if fails { PostStartHook::Failed } else { PostStartHook::Over };
        self.world.pods[id as usize].containers[usize::from(index)].post_start = hook;
        if fails {
            self.stop_after_failed_hook(id, index);
        } else {
            self.notice_container_change(id, index);
            self.go_on_after(id, index);
        }
    }

    /// The kubelet has done with the start of a container. A sidecar holds the next one back until it has
    /// started; app containers do not.
    pub(crate) fn go_on_after(&mut self, id: PodId, index: ContainerIndex) {
        if !self.plan(id, index).is_sidecar {
            self.start_next(id, index);
        }
    }

    /// Starts the container after `index`, if there is one that has not been started.
    pub(crate) fn start_next(&mut self, id: PodId, index: ContainerIndex) {
        let next = self.world.pods[id as usize].containers.get_mut(usize::from(index) + 1);
        if let Some(next) = next.filter(|next| next.instance == 0)
            && !std::mem::replace(&mut next.asked_for, true)
        {
            self.queue.push(self.now, Event::StartContainer(id, index + 1));
        }
    }

    pub(crate) fn listening(&mut self, id: PodId, index: ContainerIndex, instance: u32) {
        let pod = &mut self.world.pods[id as usize];
        let route = pod.route;
        let container = &mut pod.containers[usize::from(index)];
        if container.instance != instance || !matches!(container.process, Process::Running { .. }) {
            return;
        }
        container.listening = true;
        container.app_ready = false;
        container.listening_since = self.now;
        if self.is_egress(id, index) {
            return self.egress_changed(id);
        }
        if !route.has(index) {
            return;
        }
        if index == route.entry {
            self.path.open(id, self.now.0);
            self.timeline.pod(id).listens(self.now);
            if self.is_ingress(self.world.pods[id as usize].deployment) {
                self.begin_front_process(id);
            }
        }
        if index == route.server() {
            self.path.set_app(id, App::NotReady);
        }
    }

    pub(crate) fn app_ready(&mut self, id: PodId, index: ContainerIndex, instance: u32) {
        let pod = &mut self.world.pods[id as usize];
        let serves = index == pod.route.server();
        let container = &mut pod.containers[usize::from(index)];
        let is_up = container.listening && matches!(container.process, Process::Running { .. });
        if container.instance == instance && is_up {
            container.app_ready = true;
            if serves {
                self.app_is_ready(id);
            }
        }
    }

    /// The plan of a container.
    pub(crate) fn plan(&self, id: PodId, index: ContainerIndex) -> &ContainerPlan {
        &self.world.template(id).containers[usize::from(index)]
    }
}
