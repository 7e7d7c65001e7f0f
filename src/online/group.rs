//! The question about the consumer group, until its coordinator answers.

use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

use crate::kafka::inquiry::Inquiry;
use crate::kafka::native::{DescribedGroup, GroupQueue};

/// When a coordinator that is not ready is asked again.
const AGAIN: Duration = Duration::from_millis(500);

/// The question, and where the answer comes to.
pub struct GroupQuestion<'g> {
    queue: GroupQueue,
    name: &'g str,
    /// When an answer is not waited for any more.
    end: Instant,
    /// When to ask again.
    again: Option<Instant>,
}

impl<'g> GroupQuestion<'g> {
    /// Asks about the group `name`.
    ///
    /// # Errors
    /// A name that cannot be a group's; out of memory.
    pub fn ask(inquiry: &Inquiry, name: &'g str, end: Instant) -> KafkaResult<Self> {
        let question = Self { queue: inquiry.group()?, name, end, again: None };
        question.request(Instant::now())?;
        Ok(question)
    }

    fn request(&self, now: Instant) -> KafkaResult<()> {
        self.queue.request(self.name, self.end.saturating_duration_since(now))
    }

    /// Takes the answer, if it has come. A coordinator that is not ready is asked again.
    pub fn answer(&mut self, now: Instant) -> Option<KafkaResult<DescribedGroup>> {
        if self.again.is_some_and(|again| now >= again) {
            self.again = None;
            if let Err(error) = self.request(now) {
                return Some(Err(error));
            }
        }
        match self.queue.answer()? {
            Err(error) if is_starting(&error) && now + AGAIN < self.end => {
                self.again = Some(now + AGAIN);
                None
            }
            answer => Some(answer),
        }
    }
}

/// Whether the coordinator is being elected or loaded. In a new cluster, the first question has the
/// brokers create their own topic for groups.
fn is_starting(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::NotCoordinator
                | RDKafkaErrorCode::CoordinatorNotAvailable
                | RDKafkaErrorCode::CoordinatorLoadInProgress
        )
    )
}
