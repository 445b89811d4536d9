//! Objects that front-end controllers read beside Ingresses and routes: their ConfigMaps and the classes
//! that name them.

use std::collections::BTreeMap;

use super::meta::ObjectMeta;
use super::reader::Fields;
use super::shapes;

/// A ConfigMap; only those of front-end controllers are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigMap {
    /// Identity, labels, annotations, places.
    pub meta: ObjectMeta,
    /// `data`.
    pub data: BTreeMap<String, String>,
}

/// Reads the fields of a ConfigMap.
pub(super) fn read_config_map(object: &Fields<'_, '_>, meta: ObjectMeta) -> Option<ConfigMap> {
    let data = object.get("data").map(|field| field.free_string_map()).unwrap_or_default();
    Some(ConfigMap { meta, data })
}

/// An IngressClass or a GatewayClass: which controller a class name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrontEndClass {
    /// Identity, labels, annotations, places.
    pub meta: ObjectMeta,
    /// `spec.controller`, or `spec.controllerName` of a GatewayClass.
    pub controller: String,
}

/// Reads the fields of an IngressClass or a GatewayClass.
pub(super) fn read_class(object: &Fields<'_, '_>, meta: ObjectMeta) -> Option<FrontEndClass> {
    let spec = object.require("spec", "name the controller")?.fields(&shapes::CLASS_SPEC)?;
    let field = spec.get("controller").or_else(|| spec.get("controllerName"));
    let controller = field.and_then(|field| field.string()).unwrap_or_default();
    Some(FrontEndClass { meta, controller })
}
