//! What each cause means, what ends it, and what does not.

use super::Words;
use crate::model::outcome::Cause;

/// The words about a cause. The match is exhaustive, so that a new cause cannot go unexplained.
pub(super) fn words(cause: Cause) -> Words {
    match cause {
        Cause::NotListeningYet => Words {
            title: "the pod was sent traffic before its process listened",
            what: "A new pod counted as ready while nothing was bound to its port: the kernel refused the \
                   connection. Without a readiness probe a container is ready the moment it runs. The same \
                   happens after a restart in place until the kubelet has noticed it (up to a second).",
            remedy: "Add a readiness probe on the port that takes the traffic. With a slow start add a startup \
                     probe too, so that liveness does not interfere.",
            caveat: "A front end that retries refused connections hides most of these, as long as another pod is up.",
            rules: &["PL008", "PL020"],
        },
        Cause::AppNotReady => Words {
            title: "the process listened but answered an error to everything",
            what: "The port was open, the application behind it was still loading, or waiting for the container \
                   that it calls its database through, or was ending (Undertow), and said so. A tcpSocket probe, or an HTTP probe of a path that always answers, calls such \
                   a pod ready.",
            remedy: "Probe a path that fails until the application can really serve.",
            caveat: "Front ends pass such a 503 on: it is an answer, and only a retry on that status would hide it.",
            rules: &["PL008"],
        },
        Cause::ListenerClosed => Words {
            title: "the pod had stopped listening and was still sent traffic",
            what: "Two chains start when a pod is deleted, and nothing orders one against the other: the kubelet \
                   stops the process within a fraction of a second, while EndpointSlice, controller and front end \
                   need seconds to stop sending. Requests in between meet a closed port.",
            remedy: "Keep serving after the deletion for longer than this front end needs to let go: a preStop \
                     sleep on every container that requests pass, and grace for the sleep and the drain.",
            caveat: "Connections that are pooled or pinned (HTTP keep-alive through kube-proxy, websockets) do \
                     not move when endpoints change: there a longer preStop changes nothing by itself.",
            rules: &["PL001", "PL003", "PL014"],
        },
        Cause::KilledInFlight => Words {
            title: "a signal ended the process while it served the request",
            what: "Either the process ends at its stop signal without finishing what it has accepted, or the \
                   grace ran out and SIGKILL came: after a hook that used the grace up, after 2 s more.",
            remedy: "Finish accepted requests on the stop signal, and set terminationGracePeriodSeconds above \
                     preStop plus the longest request.",
            caveat: "Nothing but more time or shorter requests saves a request that outlives every grace. A POST \
                     that was cut may have been executed: do not let anything resend it blindly.",
            rules: &["PL002", "PL003", "PL019"],
        },
        Cause::ExitedInFlight => Words {
            title: "the process ended by itself while it served the request",
            what: "The application drains with a limit of its own (Spring 30 s, gunicorn 30 s, php-fpm's \
                   process_control_timeout, 0 by default) and ended with requests left; or it crashed.",
            remedy: "Raise the application's own limit above its longest request, and the grace above both.",
            caveat: "More terminationGracePeriodSeconds alone changes nothing here: Kubernetes never waits \
                     once the process has ended.",
            rules: &["PL002"],
        },
        Cause::AcceptQueueReset => Words {
            title: "the connection waited in the accept queue when the listener closed",
            what: "The kernel had completed the handshake, the process had not accepted the connection. Closing \
                   the listening socket resets all of them: the request was sent, so a POST is not retried.",
            remedy: "Stop receiving first (preStop longer than the front end's removal), close the listener then. \
                     Enough workers keep the queue empty.",
            caveat: "It needs a server that accepts only when a worker is free (gunicorn sync, php-fpm, prefork).",
            rules: &["PL001"],
        },
        Cause::KeepaliveRace => Words {
            title: "the pod closed a kept-alive connection while the request was on its way",
            what: "The front end reused an idle connection in the instant in which the pod closed it: by its own \
                   idle timeout, or because it shuts down.",
            remedy: "Let the server keep idle connections longer than the front end does: its idle timeout above \
                     the front end's.",
            caveat: "nginx and ingress-nginx resend a GET, and a POST only with non_idempotent; Traefik resends a GET to \
                     the same pod, which helps while that pod lives; Envoy resends any method where reset is \
                     retried; AWS load balancers resend nothing.",
            rules: &["PL004"],
        },
        Cause::Unreachable => Words {
            title: "the pod's address was gone and the network said so",
            what: "The front end still had the address of a pod whose sandbox no longer existed; a router or the \
                   node answered with host unreachable.",
            remedy: "Keep the pod serving until the front end has let go of it (preStop).",
            caveat: "What a dead address answers depends on the network plugin; podloss lets you set it.",
            rules: &["PL001"],
        },
        Cause::Blackholed => Words {
            title: "the pod's address was gone and nobody answered",
            what: "The SYN went to an address that no longer existed, without any error coming back. The front \
                   end learns of it only by its connect timeout.",
            remedy: "Keep the pod serving until the front end has let go of it; a short connect timeout with a \
                     retry bounds the damage.",
            caveat: "A dead node looks the same to a client; that is counted as node_lost.",
            rules: &["PL001"],
        },
        Cause::AcceptQueueFull => Words {
            title: "the accept queue was full for the whole connect timeout",
            what: "The pod was alive and saturated: its kernel dropped SYNs because as many connections as the \
                   backlog allows were waiting. Resent SYNs (after 1, 2, 3, ... s) found no place either.",
            remedy: "More capacity at that moment: more replicas, maxUnavailable 0 while rolling out, a higher \
                     minReplicas before the peak.",
            caveat: "A longer backlog only turns this into waiting.",
            rules: &["PL013"],
        },
        Cause::ReadTimeout => Words {
            title: "no answer within the read timeout",
            what: "The pod had the request and did not answer in time: it queued inside an overloaded pod, was \
                   throttled at its CPU limit, or takes longer than the front end waits.",
            remedy: "Capacity for the worst moment of the rollout or of the scale-out; or a timeout that fits \
                     the slowest endpoint.",
            caveat: "A front end that retries after a timeout multiplies the load on pods that are already slow.",
            rules: &["PL013"],
        },
        Cause::NoEndpoints => Words {
            title: "the front end knew no endpoint",
            what: "Every pod was unready or terminating at once. Ingress controllers and load balancers do not \
                   fall back to terminating pods; only kube-proxy does.",
            remedy: "Keep at least one old pod until a new one is in service: no Recreate, maxUnavailable 0, \
                     readiness gates where the load balancer registers slowly.",
            caveat: "Probes on a shared dependency take all pods out together; no rollout setting helps then.",
            rules: &["PL017", "PL018"],
        },
        Cause::NoLocalEndpoints => Words {
            title: "the node that got the connection had no pod of the service",
            what: "Under externalTrafficPolicy: Local a node without a pod of its own drops connections, and nobody \
                   tells the load balancer: its checks of the node have to fail a few times first.",
            remedy: "Let pods serve on after their deletion for longer than those checks take (interval times \
                     unhealthy threshold): a pod that terminates still gets its node's connections while the checks \
                     fail already. Or faster checks, or policy Cluster.",
            caveat: "The fallback to terminating pods is on from Kubernetes 1.26 on; before it only spare pods on \
                     every node help.",
            rules: &["PL001"],
        },
        Cause::AllMarkedDown => Words {
            title: "the front end had marked every endpoint down",
            what: "nginx counts a refused, reset or late attempt as a failure and leaves the peer alone for \
                   fail_timeout (10 s). A few failures at once can take out every peer, healthy ones too.",
            remedy: "End the failures that mark peers (see listener_closed, killed_in_flight, keepalive_race), or \
                     set max_fails=0.",
            caveat: "ingress-nginx does no such marking; plain nginx does.",
            rules: &["PL001", "PL004"],
        },
        Cause::OomKilled => Words {
            title: "the container exceeded its memory limit",
            what: "The kernel killed the container: no hook, no signal, no grace. Its requests are lost and the \
                   pod stays listed until the kubelet has noticed.",
            remedy: "A memory limit above what the load needs at the worst moment, rollout included.",
            caveat: "No graceful shutdown setting has any effect.",
            rules: &[],
        },
        Cause::Crashed => Words {
            title: "the process had crashed and was starting again",
            what: "The process ended by itself, unasked: no hook, no signal, no grace. What it was serving is lost, \
                   and connections are refused until the kubelet has noticed, taken the pod out of service and \
                   started the container again.",
            remedy: "Retries of idempotent requests at the front end, enough pods that one may be missing, and a \
                     short start.",
            caveat: "No graceful shutdown setting has any effect. The first restart comes at once; before the \
                     next the kubelet waits 10 s, then twice as long each time.",
            rules: &[],
        },
        Cause::NodeLost => Words {
            title: "the pod's node had died and the front end did not know yet",
            what: "Nothing answers at the addresses of a dead node, and nobody is told. The cluster waits for the \
                   node's lease (node-monitor-grace-period: 50 s, 40 s before Kubernetes 1.32) before it takes the \
                   pods out of service; replacements come five minutes after that.",
            remedy: "A short connect timeout with a retry at another pod, passive or active health checks at the \
                     front end, and pods spread over nodes and zones so that one may be missing.",
            caveat: "No probe, hook or grace helps: the kubelet that would act is dead as well.",
            rules: &[],
        },
        Cause::LivenessRestart => Words {
            title: "the kubelet was restarting the container after failed liveness or startup probes, or a failed \
                    postStart hook",
            what: "A failed liveness probe stops the container in place. The pod stays Ready, and gets requests, \
                   until its readiness probe fails or its process has ended.",
            remedy: "Make liveness far more patient than readiness, give slow starters a startup probe, and keep \
                     liveness off the queue that users wait in.",
            caveat: "Under overload restarts take capacity away and make the overload worse.",
            rules: &["PL005", "PL006", "PL007", "PL009"],
        },
        Cause::InPodUpstreamDown => Words {
            title: "a proxy inside the pod had no application to talk to",
            what: "Requests enter by one container and are answered by another, and the second ended first (or \
                   was not up yet): nginx before php-fpm, a mesh proxy before its application.",
            remedy: "Give every container that requests pass the same serving time after deletion; make mesh \
                     proxies native sidecars, which end after the application.",
            caveat: "Never patch one container of a pod alone: a hook on one of them makes this worse.",
            rules: &["PL015"],
        },
        Cause::EgressDown => Words {
            title: "the container through which the application calls others had ended",
            what: "An application that reaches its database or other services through a container of its own pod \
                   (a Cloud SQL proxy, a mesh's proxy that inbound connections go past) goes on taking requests \
                   after that container has left, and answers 500 to each. All containers of a pod are told to \
                   stop at the same time.",
            remedy: "Make such a container a native sidecar (an init container with restartPolicy Always), which \
                     ends after the application; or let it wait for its connections (--max-sigterm-delay of the \
                     Cloud SQL proxy); or give it the application's preStop and a few seconds more.",
            caveat: "A hook on the application alone makes this worse: it takes requests for longer without what \
                     it calls. Front ends pass a 500 on and try nowhere else. Which requests need the container \
                     is not known: all of them are taken to.",
            rules: &["PL015"],
        },
        Cause::Overloaded => Words {
            title: "the application shed load",
            what: "All workers were busy and the queue inside the application, which is bounded, was full: it \
                   answered 503 at once. Front ends pass that on like any answer and try nowhere else. Probes \
                   that wait in the same queue fail with it, which takes the pod out of rotation and loads the \
                   others more.",
            remedy: "Capacity for the worst moment; shedding is the lesser evil otherwise. Probes on a port of \
                     their own, so that a full queue does not look like a sick pod.",
            caveat: "A longer queue turns 503s into waiting, and into timeouts where it outlasts somebody's \
                     patience. Retries by clients turn a short overload into a long one.",
            rules: &["PL013"],
        },
        Cause::DeregisteredInFlight => Words {
            title: "the load balancer closed the connection when the deregistration delay was over",
            what: "A target that is deregistered gets no new requests, and has the deregistration delay to answer \
                   those that it has. Then the load balancer closes their connections, whether the pod still \
                   works on them or not.",
            remedy: "A deregistration delay above the longest request \
                     (deregistration_delay.timeout_seconds at AWS, 300 s unless it is set).",
            caveat: "The delay is no grace: a longer preStop or grace period does not move its end.",
            rules: &["PL016"],
        },
        Cause::NetworkReset => Words {
            title: "the network reset the connection, whatever the pod did",
            what: "A share of attempts that you stated (`--set network.resets=`) ends with a reset: packets that \
                   conntrack calls invalid reach a host that answers with one.",
            remedy: "Let conntrack be liberal (nf_conntrack_tcp_be_liberal) or drop invalid packets on the nodes; \
                     a front end that sends idempotent requests again hides what is left.",
            caveat: "podloss never assumes such faults: without the setting none happen, and measured losses can \
                     contain them.",
            rules: &[],
        },
        Cause::CircuitOpen => Words {
            title: "a circuit breaker refused to send",
            what: "A process of the mesh or the front end had as many requests with pods, requests without a \
                   connection, or retries under way as it may, and answered without asking a pod; or the request \
                   waited for a connection that the limit did not allow, until the front end's timeout. Envoy \
                   logs UO, with UF or UC beside it where a retry was refused, or UT.",
            remedy: "End the failures that open it; size the breaker for a rollout, not for a quiet day: pods that \
                     hang or are gone hold requests for as long as the timeouts allow.",
            caveat: "Limits hold for each process by itself, so more replicas of the front end let more through. \
                     A limit of connections (Istio's maxConnections) makes HTTP/1.1 requests wait first, so that \
                     it and http1MaxPendingRequests together are about a max_requests.",
            rules: &[],
        },
        Cause::ClientGaveUp => Words {
            title: "the client gave up first",
            what: "The client's own timeout ended before an answer came. Logs show 499 (nginx) or 460 (AWS).",
            remedy: "Find what made the answer late: queues, CPU limits, cold pods, retries on dead peers.",
            caveat: "The pod usually finishes the work that nobody waits for.",
            rules: &["PL013"],
        },
    }
}
