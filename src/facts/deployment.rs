//! What a pipeline for a ref builds and deploys: the deployment half of the flow.

use super::kinds::{RefKind, kind_of};
use crate::history::{ByteSlice, RefName};
use crate::policy::{Deploys, LineRole, Policy};

/// What a pipeline for a ref does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// The word for what the ref is.
    pub kind: String,
    /// The tag of the image that is built; `None` where none is.
    pub image_tag: Option<String>,
    /// Where the image goes; `None`: it is kept, and deployed nowhere.
    pub environment: Option<String>,
    /// Whether the deployment starts by itself.
    pub auto: bool,
    /// Where the policy would have it go, if its name could be an image tag.
    pub undeployable: Option<String>,
}

/// Returns what a pipeline for `name` does. Lines and version tags have an image of their own
/// name; topics are tested and build none.
#[must_use]
pub fn deployment_of(policy: &Policy, name: &RefName) -> Deployment {
    let kind = kind_of(policy, name);
    let deploys = match &kind {
        RefKind::Integration => Some(Deploys::Line(LineRole::Integration)),
        RefKind::Production => Some(Deploys::Line(LineRole::Production)),
        RefKind::Release(_) => Some(Deploys::Line(LineRole::Release)),
        RefKind::VersionTag(_) => Some(Deploys::Tag),
        _ => None,
    };
    let meant = policy.environments.iter().find(|environment| Some(environment.from) == deploys);
    let short = name.branch().or_else(|| name.tag()).and_then(|short| short.to_str().ok());
    let image_tag = short.filter(|short| deploys.is_some() && is_image_tag(short)).map(str::to_owned);
    let environment = meant.filter(|_| image_tag.is_some());
    Deployment {
        kind: word(policy, &kind),
        environment: environment.map(|environment| environment.name.clone()),
        auto: environment.is_some_and(|environment| environment.auto),
        undeployable: meant.filter(|_| image_tag.is_none()).map(|environment| environment.name.clone()),
        image_tag,
    }
}

/// Whether `text` is a valid image tag: `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}` (OCI distribution
/// specification, "Pulling manifests").
#[must_use]
pub fn is_image_tag(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|first| plain(*first))
        && bytes.len() <= 128
        && bytes.iter().all(|byte| plain(*byte) || b".-".contains(byte))
}

fn word(policy: &Policy, kind: &RefKind) -> String {
    match kind {
        RefKind::Integration => "integration".to_owned(),
        RefKind::Production => "production".to_owned(),
        RefKind::Release(_) => "release".to_owned(),
        RefKind::Topic { kind, .. } => policy.topics[*kind].kind.clone(),
        RefKind::VersionTag(_) => "version-tag".to_owned(),
        RefKind::Record(_) => "record".to_owned(),
        RefKind::Branch => "branch".to_owned(),
        RefKind::OtherTag | RefKind::Tag => "tag".to_owned(),
        RefKind::Foreign => "ref".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &RefName) -> (Option<String>, Option<String>, bool) {
        let target = deployment_of(&Policy::built_in(), name);
        (target.image_tag, target.environment, target.auto)
    }

    #[test]
    fn each_stage_of_the_flow_has_its_place() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(told(&RefName::of_branch("develop")), (some("develop"), some("integration"), true));
        assert_eq!(told(&RefName::of_branch("release-1.0.0")), (some("release-1.0.0"), some("alpha"), true));
        assert_eq!(told(&RefName::of_tag("v1.0.0")), (some("v1.0.0"), some("prod"), false));
        assert_eq!(told(&RefName::of_tag("v1.0.0-hotfix1")), (some("v1.0.0-hotfix1"), some("prod"), false));
        assert_eq!(told(&RefName::of_branch("master")), (some("master"), None, false));
        assert_eq!(told(&RefName::of_branch("feature/basket")), (None, None, false));
        assert_eq!(told(&RefName::of_tag("deployed/prod/v1.0.0/1")), (None, None, false));
    }

    #[test]
    fn what_cannot_be_an_image_tag_is_deployed_nowhere() {
        let mut policy = Policy::built_in();
        policy.releases.as_mut().expect("it has releases").branch =
            crate::policy::Pattern::new(r"release/(?<version>\d+\.\d+\.\d+)").expect("it is a pattern");
        let target = deployment_of(&policy, &RefName::of_branch("release/1.0.0"));
        assert_eq!((target.image_tag, target.environment, target.auto), (None, None, false));
        assert_eq!(target.undeployable.as_deref(), Some("alpha"));
        assert_eq!(deployment_of(&policy, &RefName::of_tag("v1.0.0")).undeployable, None);
    }

    #[test]
    fn an_image_tag_has_no_slash_and_at_most_128_characters() {
        assert!(is_image_tag("release-1.0.0") && is_image_tag("_a") && is_image_tag(&"a".repeat(128)));
        assert!(!is_image_tag("") && !is_image_tag("a/b") && !is_image_tag("-a") && !is_image_tag(".a"));
        assert!(!is_image_tag("a+b") && !is_image_tag(&"a".repeat(129)) && !is_image_tag("é"));
    }
}
